<%@ page session="false" contentType="text/plain; charset=utf-8" trimDirectiveWhitespaces="true" %><%
  /* No session. ?ms=N takes that long before anything is answered; ?late=N answers the head
     and one line at once and takes that long for the rest. */
  String ms = request.getParameter("ms"), late = request.getParameter("late");
  if (ms != null) Thread.sleep(Long.parseLong(ms));
  out.print("node=" + System.getProperty("node") + "\n");
  if (late != null) { out.flush(); Thread.sleep(Long.parseLong(late)); }
%>end=1
