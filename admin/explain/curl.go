package explain

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"twinhop/admin/problem"
)

// words splits a command line as a POSIX shell does: quotes, backslashes,
// lines that go on.
func words(text string) (all []string) {
	var word strings.Builder
	open := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			if i++; text[i] != '\n' {
				word.WriteByte(text[i])
				open = true
			}
		case c == '\'' || c == '"':
			open = true
			for i++; i < len(text) && text[i] != c; i++ {
				if c == '"' && text[i] == '\\' && i+1 < len(text) && strings.IndexByte("\"\\$`", text[i+1]) >= 0 {
					i++
				}
				word.WriteByte(text[i])
			}
		case strings.IndexByte(" \t\r\n", c) >= 0:
			if open {
				all = append(all, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteByte(c)
			open = true
		}
	}
	if open {
		all = append(all, word.String())
	}
	return all
}

// valued are options of curl whose value is of no interest here.
var valued = strings.Fields(`-o --output -m --max-time -x --proxy -U --proxy-user -E --cert --key --cacert --capath -c --cookie-jar -w --write-out
	--connect-timeout --connect-to --resolve --unix-socket --interface --retry --retry-delay --retry-max-time -D --dump-header -C --continue-at -K --config
	-Y --speed-limit -y --speed-time -z --time-cond -t --telnet-option -Q --quote -P --ftp-port --ciphers --tls-max --limit-rate --max-redirs --dns-servers`)

// one is a request as curl was told of it.
type one struct {
	method, url string
	fields      [][2]string
	data        []string
	get         bool
}

// readCurl reads a command line of curl: what it says of the request, and of
// the rest only how to skip it.
func readCurl(text string) (*one, error) {
	list, r := words(text), &one{}
	for i := 1; i < len(list); i++ {
		flag, value, joined := list[i], "", false
		if !strings.HasPrefix(flag, "-") || flag == "-" {
			if r.url == "" {
				r.url = flag
			}
			continue
		}
		if strings.HasPrefix(flag, "--") {
			flag, value, joined = strings.Cut(flag, "=")
		} else if len(flag) > 2 && strings.IndexByte("HbXdAeuoxmFT", flag[1]) >= 0 {
			flag, value, joined = flag[:2], flag[2:], true
		}
		next := func() string {
			if !joined && i+1 < len(list) {
				i++
				return list[i]
			}
			return value
		}
		r.option(flag, next)
	}
	if r.url == "" {
		return nil, problem.Invalid("#/http/raw", "no URL in this command")
	}
	return r, nil
}

func (r *one) option(flag string, next func() string) {
	switch flag {
	case "-H", "--header":
		if name, v, ok := strings.Cut(next(), ":"); ok {
			r.fields = append(r.fields, [2]string{strings.TrimSpace(name), strings.TrimSpace(v)})
		}
	case "-b", "--cookie":
		if v := next(); strings.Contains(v, "=") { // else a file
			r.fields = append(r.fields, [2]string{"Cookie", v})
		}
	case "-X", "--request":
		r.method = next()
	case "-I", "--head":
		r.method = "HEAD"
	case "-G", "--get":
		r.get = true
	case "--url":
		r.url = next()
	case "-A", "--user-agent":
		r.fields = append(r.fields, [2]string{"User-Agent", next()})
	case "-e", "--referer":
		r.fields = append(r.fields, [2]string{"Referer", next()})
	case "-u", "--user":
		r.fields = append(r.fields, [2]string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(next()))})
	case "-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json", "-F", "--form", "-T", "--upload-file":
		r.data = append(r.data, next())
	default:
		for _, f := range valued {
			if f == flag {
				next()
			}
		}
	}
}

// wire writes the request as a client sends it.
func (r *one) wire() ([]byte, error) {
	u, err := url.Parse(r.url)
	if err == nil && u.Host == "" && !strings.HasPrefix(r.url, "/") {
		u, err = url.Parse("http://" + r.url)
	}
	if err != nil {
		return nil, problem.Invalid("#/http/url", "this is no URL")
	}
	// The target stays as it was written: what is decoded once too often is another one.
	target := r.url
	if _, after, ok := strings.Cut(target, "://"); ok {
		target = after
	}
	if u.Host != "" {
		target = target[strings.IndexAny(target+"/", "/?#"):]
	}
	target, _, _ = strings.Cut(target, "#")
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	body := strings.Join(r.data, "&")
	if r.get && body != "" {
		target, body = target+map[bool]string{true: "&", false: "?"}[strings.Contains(target, "?")]+body, ""
	}
	method := r.method
	switch {
	case method == "" && body != "":
		method = "POST"
	case method == "":
		method = "GET"
	}
	if strings.ContainsAny(method+target+u.Host, " \r\n\t\x00") {
		return nil, problem.Invalid("#/http/url", "a blank or a control character")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target)
	host := u.Host
	for _, f := range r.fields {
		if strings.EqualFold(f[0], "Host") {
			host = f[1]
		}
	}
	if host == "" {
		host = "localhost"
	}
	fmt.Fprintf(&b, "Host: %s\r\n", host)
	for _, f := range r.fields {
		if strings.ContainsAny(f[0]+f[1], "\r\n\x00") {
			return nil, problem.Invalid("#/http/headers", "a line end in a header")
		}
		if !strings.EqualFold(f[0], "Host") && !strings.EqualFold(f[0], "Content-Length") {
			fmt.Fprintf(&b, "%s: %s\r\n", f[0], f[1])
		}
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	return append(append(b.Bytes(), "\r\n"...), body...), nil
}
