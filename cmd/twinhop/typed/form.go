package typed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Form is the value of -o where answers of a gateway are printed.
type Form string

// forms are what -o may be; "text" was the first word for a table.
var forms = []string{"table", "wide", "json", "yaml", "name", "text"}

// Set implements pflag.Value.
func (f *Form) Set(s string) error {
	if !slices.Contains(forms, s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(forms[:5], ", "))
	}
	*f = Form(s)
	return nil
}

// String implements pflag.Value.
func (f *Form) String() string { return string(*f) }

// Type implements pflag.Value.
func (f *Form) Type() string { return "form" }

// Table tells that people read it; Wide, that they want all columns.
func (f Form) Table() bool { return f == "table" || f == "wide" || f == "text" || f == "" }

// Wide tells that a table is to have all its columns.
func (f Form) Wide() bool { return f == "wide" }

// Write writes an answer, which is JSON, in a form that is no table.
func (f Form) Write(w io.Writer, answer []byte) error {
	switch f {
	case "yaml":
		return writeYAML(w, answer)
	case "name":
		return writeNames(w, answer)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, answer, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(w)
	return err
}

// writeNames writes what each item is called, or the one that there is.
func writeNames(w io.Writer, answer []byte) error {
	type item struct{ ID, Name string }
	var one struct {
		item
		Items []item
	}
	if err := json.Unmarshal(answer, &one); err != nil && json.Unmarshal(answer, &one.Items) != nil {
		return errors.New("-o name: what was asked for has no name")
	}
	if one.ID+one.Name != "" {
		one.Items = []item{one.item}
	}
	if one.Items == nil {
		return errors.New("-o name: what was asked for has no name")
	}
	for _, x := range one.Items {
		name := x.ID
		if name == "" {
			name = x.Name
		}
		if name == "" {
			return errors.New("-o name: what was asked for has no name")
		}
		fmt.Fprintln(w, name)
	}
	return nil
}
