package jvmroute_test

import (
	"fmt"
	"time"

	"twinhop/jvmroute"
)

// A request is read target first, then its Cookie lines; each candidate is tried in turn.
func ExampleDialect_ReadCookie() {
	var (
		dialect jvmroute.Dialect
		found   jvmroute.Found
	)
	dialect.ReadTarget(&found, "/shop/cart?item=7")
	dialect.ReadCookie(&found, `theme=dark; JSESSIONID="ABC.node9"; JSESSIONID=DEF.east.node1`)
	for _, id := range found.All() {
		fmt.Println(id.Base(), id.Route(), jvmroute.Domain(id.Route()))
	}
	// Output:
	// ABC node9 node9
	// DEF east.node1 east
}

// The path parameter hides the cookie, however it is escaped.
func ExampleDialect_ReadTarget() {
	var (
		dialect jvmroute.Dialect
		found   jvmroute.Found
	)
	dialect.ReadTarget(&found, "/shop%3Bjsessionid%3DABC%2Enode3/cart")
	dialect.ReadCookie(&found, "JSESSIONID=DEF.node1")
	fmt.Println(found.All()[0].Text)
	// Output: ABC.node3
}

// Toward the node goes the exact id that it knows; the rest of the line stays as the client sent it.
func ExampleDialect_ReplaceCookie() {
	var dialect jvmroute.Dialect
	line, err := dialect.ReplaceCookie("a=1;JSESSIONID=ABC.node1,  b=2", "ABC.node1", "ABC.node2")
	fmt.Println(line, err)
	// Output: a=1;JSESSIONID=ABC.node2,  b=2 <nil>
}

// What a node set is learned; a corrected cookie has the same name, Path, Domain and attributes, so it replaces the old.
func ExampleDialect_ParseSetCookie() {
	var dialect jvmroute.Dialect
	cookie, ok := dialect.ParseSetCookie("JSESSIONID=ABC.node1; Path=/shop; Secure; HttpOnly; SameSite=Lax", time.Now())
	base, _ := dialect.Split(cookie.ID)
	cookie.ID = jvmroute.Join(base, "node2")
	line, err := cookie.Line()
	fmt.Println(ok, line, err)
	// Output: true JSESSIONID=ABC.node2; Path=/shop; Secure; HttpOnly; SameSite=Lax <nil>
}

func ExampleDialect_ReplaceURL() {
	var dialect jvmroute.Dialect
	location, err := dialect.ReplaceURL("https://site/shop;jsessionid=ABC.node1?x=1", "ABC.node1", "ABC.node2")
	fmt.Println(location, err)
	// Output: https://site/shop;jsessionid=ABC.node2?x=1 <nil>
}

func ExampleQueryValue() {
	value, presence := jvmroute.QueryValue("page=2&appsession=al%69ce", "appsession")
	fmt.Println(value, presence == jvmroute.Single)
	_, presence = jvmroute.QueryValue("appsession=alice&appsession=bob", "appsession")
	fmt.Println(presence == jvmroute.Conflict)
	// Output:
	// alice true
	// true
}
