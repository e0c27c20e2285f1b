<%@ page session="false" contentType="application/octet-stream" trimDirectiveWhitespaces="true" %><%!
  /* Byte number n of the stream; the test computes the same. */
  static byte at(long n) { return (byte) (n * 31 + (n >> 8) * 17 + (n >> 16) * 7); }
%><%
  /* GET ?bytes=N sends the stream, with a length or, with ?chunked, without; POST compares what comes with it. */
  byte[] part = new byte[1 << 15];
  if (request.getMethod().equals("POST")) {
    java.io.InputStream in = request.getInputStream();
    long n = 0, wrong = 0;
    for (int k; (k = in.read(part)) > 0; )
      for (int i = 0; i < k; i++, n++)
        if (part[i] != at(n)) wrong++;
    response.setContentType("text/plain");
    out.print("bytes=" + n + " wrong=" + wrong);
    return;
  }
  long left = Long.parseLong(request.getParameter("bytes"));
  if (request.getParameter("chunked") == null) response.setContentLengthLong(left);
  java.io.OutputStream to = response.getOutputStream();
  for (long n = 0; left > 0; ) {
    int k = (int) Math.min(left, part.length);
    for (int i = 0; i < k; i++, n++) part[i] = at(n);
    to.write(part, 0, k);
    left -= k;
  }
  out = pageContext.pushBody();
%>
