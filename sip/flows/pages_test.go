package flows

import (
	"testing"

	"twinhop/appsession"
)

// table counts what it is asked for.
type table map[appsession.Key]int

func (t table) Now(keys []appsession.Key) (appsession.Binding, appsession.Answer) {
	t[keys[0]]++
	return appsession.Binding{}, appsession.Free
}

func TestPages(t *testing.T) {
	var p Pages
	one, two := Page{Key: Key(0, conn(1))}, Page{Key: Key(0, conn(2))}
	if one.Key == two.Key || one.Key.Space != appsession.Flow || Key(1, conn(1)) == one.Key {
		t.Errorf("%v and %v", one.Key, two.Key)
	}
	p.Add(conn(1), one)
	p.Add(conn(2), two)
	if x, ok := p.Find(conn(1)); !ok || x.Key != one.Key {
		t.Errorf("%v %v", x, ok)
	}
	asked := table{}
	p.Touch(asked)
	if asked[one.Key] != 1 || asked[two.Key] != 1 || len(asked) != 2 {
		t.Errorf("touched %v", asked)
	}
	if x, ok := p.Forget(conn(1)); !ok || x.Key != one.Key {
		t.Errorf("%v %v", x, ok)
	}
	if _, ok := p.Find(conn(1)); ok {
		t.Error("it is there still")
	}
	if _, ok := p.Forget(conn(9)); ok {
		t.Error("there was none")
	}
}
