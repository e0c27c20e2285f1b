package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxBody bounds a message, in bytes, maxMembers what it may say.
const (
	maxBody    = 8 << 10
	maxMembers = 32
)

// message is a command with what it says, in the words it was said.
type message struct {
	command string
	members map[string]string
}

var (
	errShape   = errors.New("not an object with one member that is an object of strings and numbers")
	errUnicode = errors.New("not valid UTF-8")
)

// parse reads a message. Nothing is nested deeper than it has to be, and
// nothing is said twice.
func parse(body []byte) (message, error) {
	if !utf8.Valid(body) {
		return message{}, errUnicode
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	m := message{members: map[string]string{}}
	if err := expect(d, json.Delim('{')); err != nil {
		return message{}, err
	}
	name, err := word(d)
	if err != nil {
		return message{}, err
	}
	m.command = name
	if err := expect(d, json.Delim('{')); err != nil {
		return message{}, err
	}
	for d.More() {
		if err := m.member(d); err != nil {
			return message{}, err
		}
	}
	if err := errors.Join(expect(d, json.Delim('}')), expect(d, json.Delim('}'))); err != nil {
		return message{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return message{}, errShape
	}
	return m, nil
}

func (m *message) member(d *json.Decoder) error {
	name, err := word(d)
	if err != nil {
		return err
	}
	if _, twice := m.members[name]; twice {
		return fmt.Errorf("%.40q is said twice", name)
	}
	if len(m.members) >= maxMembers {
		return fmt.Errorf("more than %d members", maxMembers)
	}
	value, err := d.Token()
	if err != nil {
		return errShape
	}
	switch v := value.(type) {
	case string:
		m.members[name] = v
	case bool:
		m.members[name] = strconv.FormatBool(v)
	case nil:
		m.members[name] = ""
	case json.Number:
		if strings.Trim(v.String(), "0123456789") != "" {
			return fmt.Errorf("%.40q is not a whole number", name)
		}
		m.members[name] = v.String()
	default:
		return errShape
	}
	return nil
}

func expect(d *json.Decoder, want json.Delim) error {
	if t, err := d.Token(); err != nil || t != want {
		return errShape
	}
	return nil
}

func word(d *json.Decoder) (string, error) {
	t, err := d.Token()
	if s, ok := t.(string); ok && err == nil {
		return s, nil
	}
	return "", errShape
}

// said is the value of a member, whose name is written in any case.
func (m *message) said(name string) string {
	if v, ok := m.members[name]; ok {
		return v
	}
	for n, v := range m.members {
		if strings.EqualFold(n, name) {
			return v
		}
	}
	return ""
}
