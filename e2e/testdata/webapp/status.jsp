<%@ page session="false" contentType="text/plain; charset=utf-8" trimDirectiveWhitespaces="true" %><%
  /* Answers with ?code=N, at once: a body that is posted is not read. */
  response.setStatus(Integer.parseInt(request.getParameter("code")));
  response.setHeader("X-Node", System.getProperty("node"));
%>said
