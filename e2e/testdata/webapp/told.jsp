<%@ page session="false" contentType="text/plain; charset=utf-8" trimDirectiveWhitespaces="true" %><%
  /* What the container was told of the request: "name=value" lines. Reads the body with ?read. */
  long body = 0;
  if (request.getParameter("read") != null)
    for (java.io.InputStream in = request.getInputStream(); in.read() >= 0; ) body++;
%>node=<%= System.getProperty("node") %>
method=<%= request.getMethod() %>
uri=<%= request.getRequestURI() %>
query=<%= request.getQueryString() %>
protocol=<%= request.getProtocol() %>
secure=<%= request.getScheme() + " " + request.isSecure() %>
remote=<%= request.getRemoteAddr() + " " + request.getRemotePort() %>
local=<%= request.getLocalAddr() %>
server=<%= request.getServerName() + " " + request.getServerPort() %>
length=<%= request.getContentLengthLong() %>
encoding=<%= request.getHeader("Transfer-Encoding") %>
read=<%= body %>
two=<%= java.util.Collections.list(request.getHeaders("X-Two")) %>
large=<%= request.getHeader("X-Large") == null ? 0 : request.getHeader("X-Large").length() %>
activation=<%= request.getAttribute("JK_LB_ACTIVATION") %>
evil=<%= request.getAttribute("jakarta.servlet.include.request_uri") %>
cipher=<%= request.getAttribute("jakarta.servlet.request.cipher_suite") + " " + request.getAttribute("jakarta.servlet.request.key_size") %>
tls=<%= request.getAttribute("jakarta.servlet.request.secure_protocol") + " " + request.getAttribute("org.apache.tomcat.util.net.secure_protocol_version") %>
own=<%= request.getAttribute("STAGE") + " " + request.getAttribute("SSL_CLIENT_VERIFY") + " " + request.getAttribute("SSL_CLIENT_S_DN") %>
person=<% java.security.cert.X509Certificate[] shown = (java.security.cert.X509Certificate[]) request.getAttribute("jakarta.servlet.request.X509Certificate"); %><%= shown == null ? null : shown[0].getSubjectX500Principal().getName() %>
