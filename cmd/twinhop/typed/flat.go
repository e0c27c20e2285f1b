package typed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Flat writes each value of an answer, which is JSON, on a line behind the names that lead to it, and a tab.
func Flat(w io.Writer, answer []byte) {
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	flat(w, d, "")
}

func flat(w io.Writer, d *json.Decoder, path string) {
	t, err := d.Token()
	if err != nil {
		return
	}
	open, ok := t.(json.Delim)
	if !ok {
		if text := fmt.Sprint(t); t != nil && text != "" {
			fmt.Fprintf(w, "%s\t%s\n", strings.TrimPrefix(path, "."), text)
		}
		return
	}
	for i := 0; d.More(); i++ {
		step := fmt.Sprintf("[%d]", i)
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return
			}
			step = fmt.Sprintf(".%s", key)
		}
		flat(w, d, path+step)
	}
	_, _ = d.Token() // the end; what is cut off there was shown
}
