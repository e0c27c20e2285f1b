package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Changes lists the keys by which two configurations differ, sorted: the
// nearest that both have, "limits.sip.rate" or "nodes". What is in a list
// counts as a change of the list.
func Changes(a, b *Config) []string {
	var keys []string
	differ("", reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), &keys)
	slices.Sort(keys)
	return keys
}

func differ(path string, a, b reflect.Value, keys *[]string) {
	if a.Kind() != reflect.Struct {
		if !reflect.DeepEqual(a.Interface(), b.Interface()) {
			*keys = append(*keys, path)
		}
		return
	}
	for i := range a.NumField() {
		name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			panic(fmt.Sprintf("config: field %s has no key", a.Type().Field(i).Name))
		}
		if path != "" {
			name = path + "." + name
		}
		differ(name, a.Field(i), b.Field(i), keys)
	}
}
