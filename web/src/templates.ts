// Messages to begin with in the route tester.

const lines = (...l: string[]) => l.join("\n") + "\n";
export const templates: Record<string, [string, string][]> = {
  http: [
    ["URL", "http://localhost:8080/shop?appsession=alice"],
    ["request", lines("GET /shop/cart HTTP/1.1", "Host: shop.example", "Cookie: JSESSIONID=3F9A11223344556677889900AABBCCC1.node1")],
    ["curl", "curl -b 'JSESSIONID=3F9A11223344556677889900AABBCCC1.node1' 'http://localhost:8080/shop?appsession=alice'"],
  ],
  sip: [
    ["INVITE", lines("INVITE sip:bob@biloxi.example SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK776asdhds", "Max-Forwards: 70", "From: Alice <sip:alice@atlanta.example>;tag=1928301774",
      "To: Bob <sip:bob@biloxi.example>", "Call-ID: a84b4c76e66710@pc33.atlanta.example", "CSeq: 314159 INVITE", "Contact: <sip:alice@192.0.2.17>", "Content-Length: 0")],
    ["REGISTER", lines("REGISTER sip:atlanta.example SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bKnashds7", "Max-Forwards: 70", "From: <sip:alice@atlanta.example>;tag=456248",
      "To: <sip:alice@atlanta.example>", "Call-ID: 843817637684230@998sdasdh09", "CSeq: 1826 REGISTER", "Contact: <sip:alice@192.0.2.17>", "Expires: 3600", "Content-Length: 0")],
    ["in-dialog BYE", lines("BYE sip:bob@192.0.2.4 SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bKnashds10", "Max-Forwards: 70", "From: Alice <sip:alice@atlanta.example>;tag=1928301774",
      "To: Bob <sip:bob@biloxi.example>;tag=a6c85cf", "Call-ID: a84b4c76e66710@pc33.atlanta.example", "CSeq: 314160 BYE", "Content-Length: 0")],
  ],
};
