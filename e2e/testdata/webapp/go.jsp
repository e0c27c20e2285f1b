<%@ page contentType="text/plain; charset=utf-8" trimDirectiveWhitespaces="true" %><%
  /* Sends the browser to hits.jsp, with the session in the URL when it has no cookie. */
  response.sendRedirect(response.encodeRedirectURL("hits.jsp"));
%>
