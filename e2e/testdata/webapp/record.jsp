<%@ page session="false" contentType="text/plain; charset=utf-8" trimDirectiveWhitespaces="true" %><%
  /* Writes down the id it was posted, in a file that outlives the process, and only then answers. */
  String id = request.getParameter("id");
  try (java.io.FileOutputStream book = new java.io.FileOutputStream(System.getProperty("java.io.tmpdir") + "/posts", true)) {
    book.write((id + "\n").getBytes("UTF-8"));
  }
  Thread.sleep(5);
%>node=<%= System.getProperty("node") %>
end=1
