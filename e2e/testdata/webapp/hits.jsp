<%@ page contentType="text/plain; charset=utf-8" trimDirectiveWhitespaces="true" %><%
  /* Joins or creates a session and counts its hits. ?logout=1 ends it afterwards. */
  Integer hits = (Integer) session.getAttribute("hits");
  hits = hits == null ? 1 : hits + 1;
  session.setAttribute("hits", hits);
%>node=<%= System.getProperty("node") %>
session=<%= session.getId() %>
hits=<%= hits %>
link=<%= response.encodeURL("hits.jsp") %>
<% if (request.getParameter("logout") != null) session.invalidate(); %>
