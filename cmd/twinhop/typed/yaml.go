package typed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// writeYAML writes JSON as YAML, the keys in their order.
func writeYAML(w io.Writer, answer []byte) error {
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	var b bytes.Buffer
	if err := block(&b, d, 0); err != nil {
		return err
	}
	_, err := b.WriteTo(w)
	return err
}

// block writes the next value, which begins a line or stands behind a key or a dash.
func block(b *bytes.Buffer, d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		fmt.Fprintf(b, "%s\n", scalar(t))
		return nil
	}
	if !d.More() {
		fmt.Fprintf(b, "%s\n", map[json.Delim]string{'{': "{}", '[': "[]"}[open])
		_, err = d.Token()
		return err
	}
	if s := b.Bytes(); len(s) > 0 && !bytes.HasSuffix(s, []byte("\n")) && !bytes.HasSuffix(s, []byte("- ")) {
		b.Truncate(b.Len() - 1) // the blank behind a key
		b.WriteByte('\n')
	}
	for d.More() {
		if !bytes.HasSuffix(b.Bytes(), []byte("- ")) {
			b.WriteString(strings.Repeat("  ", depth))
		}
		if open == '[' {
			b.WriteString("- ")
		} else {
			key, err := d.Token()
			if err != nil {
				return err
			}
			b.WriteString(scalar(key) + ": ")
		}
		if err := block(b, d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// plain is text that means itself in YAML, whichever version reads it.
var plain = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./@-]*$`)

// scalar writes a value that is neither a mapping nor a list. JSON's own form is YAML's, too.
func scalar(t json.Token) string {
	s, ok := t.(string)
	if ok && plain.MatchString(s) {
		switch strings.ToLower(s) {
		case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		default:
			return s
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(t) // strings, numbers, true, false, null
	return strings.TrimSpace(b.String())
}
