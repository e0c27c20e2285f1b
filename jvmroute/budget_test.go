package jvmroute

import (
	"strings"
	"testing"
	"time"
)

var noTime time.Time

// A request as browsers send it.
const (
	typicalTarget = "/shop/cart/items.jsp?appsession=alice&page=2"
	typicalCookie = "_ga=GA1.2.1234567890.1700000000; theme=dark; JSESSIONID=0A1B2C3D4E5F60718293A4B5C6D7E8F9.node1; lang=de"
)

func TestReadingAllocatesNothing(t *testing.T) {
	d, restcomm := Dialect{}, Restcomm()
	worst := strings.Repeat("JSESSIONID=A.node1; ", 100)
	var sink int
	paths := map[string]func(){
		"typical request": func() {
			var found Found
			d.ReadTarget(&found, typicalTarget)
			d.ReadCookie(&found, typicalCookie)
			for _, id := range found.All() {
				sink += len(id.Base()) + len(id.Route()) + len(Domain(id.Route()))
			}
		},
		"Restcomm": func() {
			var found Found
			restcomm.ReadTarget(&found, "/a?x=1&jsessionid=A.node1")
			restcomm.ReadCookie(&found, typicalCookie)
			sink += len(found.All())
		},
		"path id, name escaped": func() {
			var found Found
			d.ReadTarget(&found, "/a%3Bj%73essionid%3DABC.node1/b")
			sink += len(found.All())
		},
		"many cookies": func() {
			var found Found
			d.ReadCookie(&found, worst)
			sink += len(found.All())
		},
		"Split":           func() { base, route := d.Split("ABC.node1"); sink += len(base) + len(route) },
		"query value":     func() { v, _ := QueryValue("page=2&appsession=alice", "appsession"); sink += len(v) },
		"other setcookie": func() { c, _ := d.ParseSetCookie("theme=dark; Path=/", noTime); sink += len(c.ID) },
		"setcookie": func() {
			c, _ := d.ParseSetCookie("JSESSIONID=ABC.node1; Path=/app; Secure; HttpOnly; SameSite=Lax", noTime)
			sink += len(c.ID)
		},
		"nothing to replace": func() {
			line, _ := d.ReplaceCookie(typicalCookie, "X.node1", "X.node2")
			url, _ := d.ReplaceURL(typicalTarget, "X.node1", "X.node2")
			set, _ := d.ReplaceSetCookie("theme=dark; Path=/", "X.node1", "X.node2")
			sink += len(line) + len(url) + len(set)
		},
	}
	for name, read := range paths {
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
	once := map[string]func(){
		"path id, value escaped": func() {
			var found Found
			d.ReadTarget(&found, "/a;jsessionid=ABC%2Enode1")
			sink += len(found.All())
		},
		"replaced cookie": func() {
			line, _ := d.ReplaceCookie(typicalCookie, "0A1B2C3D4E5F60718293A4B5C6D7E8F9.node1", "0A1B.node2")
			sink += len(line)
		},
		"replaced path id": func() {
			url, _ := d.ReplaceURL("/a;jsessionid=ABC.node1/b;jsessionid=ABC.node1?x", "ABC.node1", "ABC.node2")
			sink += len(url)
		},
		"query value escaped": func() { v, _ := QueryValue("appsession=al+ice", "appsession"); sink += len(v) },
	}
	for name, read := range once {
		if n := testing.AllocsPerRun(100, read); n > 1 {
			t.Errorf("%s: %v allocations, want at most 1", name, n)
		}
	}
}

func BenchmarkReadRequest(b *testing.B) {
	d := Dialect{}
	b.ReportAllocs()
	for b.Loop() {
		var found Found
		d.ReadTarget(&found, typicalTarget)
		d.ReadCookie(&found, typicalCookie)
		if found.All()[0].Route() != "node1" {
			b.Fatal("not found")
		}
	}
}

func BenchmarkReplaceCookie(b *testing.B) {
	const old, new = "0A1B2C3D4E5F60718293A4B5C6D7E8F9.node1", "0A1B2C3D4E5F60718293A4B5C6D7E8F9.node2"
	d := Dialect{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.ReplaceCookie(typicalCookie, old, new); err != nil {
			b.Fatal(err)
		}
	}
}
