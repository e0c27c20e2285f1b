package routing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/admin/access"
	"twinhop/admin/problem"
	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
)

// question is what the command line says of a message.
type question struct {
	url, method, web, sip string
	cookies, headers      []string
	transport, side, from string
	assume                []string
	affinity, file        string
	steps                 bool
}

// Command is the verb `route`.
func Command(g *ask.Global) *cobra.Command {
	a, q := g.Asker(), &question{}
	c := ask.Verb("route --url URL | --http FILE | --sip FILE", "tell where a message would go, and why", 0, func(c *cobra.Command, _ []string) error {
		body, err := q.body(c.InOrStdin())
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if q.file != "" {
			raw, err = offline(c, q.file, body)
		} else {
			err = a.Do(c.Context(), "POST /route/explain", body, &raw)
		}
		if err != nil {
			return err
		}
		var t told
		if err := json.Unmarshal(raw, &t); err != nil {
			return err
		}
		if q.file != "" {
			a.Talk(c, "By %s alone: hash, mounts and what the message itself says. No sessions, and every node is up.", q.file)
		}
		if err := a.Show(c.OutOrStdout(), raw, func(w io.Writer) { t.write(w, q.steps) }); err != nil {
			return err
		}
		if t.Node == "" && t.Serves == "" && !t.fine() {
			return ask.End(ask.NotFound, nil) // the table has said why
		}
		return nil
	})
	c.Long = `route has the gateway read a message as its front would, decide about it and
write what would leave. Nothing leaves, nothing is created, moved or counted.

The message is a URL with --cookie and --header, a file with a request or a
curl command line (--http), or one with a SIP request (--sip); "-" is standard
input. With --config no gateway is asked: the file decides, as if every node
were up and nobody had a session.

It exits 4 when no node would get the message.`
	c.Example = `  twinhop route --url 'http://shop.example/cart?appsession=alice' --explain
  twinhop route --url /cart --cookie JSESSIONID=3F9A.node2 --assume node2=down
  twinhop route --sip invite.txt --from 192.0.2.7:5060 -o json
  twinhop route --config draft.yaml --http request.txt`
	q.flags(c)
	return c
}

func (q *question) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&q.url, "url", "", "what is asked for by HTTP: a `URL`, or a path")
	f.StringVar(&q.method, "method", "", "of --url (default GET)")
	f.StringArrayVar(&q.cookies, "cookie", nil, "a `NAME=VALUE` that comes with --url; may be given again")
	f.StringArrayVar(&q.headers, "header", nil, "a `NAME: VALUE` that comes with --url; may be given again")
	f.StringVar(&q.web, "http", "", "a `FILE` with an HTTP request, or a line of curl")
	f.StringVar(&q.sip, "sip", "", "a `FILE` with a SIP request")
	f.StringVar(&q.transport, "transport", "", "of --sip: udp, tcp, tls, ws or wss (default as its Via says)")
	f.StringVar(&q.side, "side", "", "of --sip: client or node (default client)")
	f.StringVar(&q.from, "from", "", "the `ADDRESS:PORT` of the sender")
	f.StringArrayVar(&q.assume, "assume", nil, "what is to be supposed of a node: `NODE=down`, disabled, stopped or ok; may be given again")
	f.StringVar(&q.affinity, "affinity", "", "a `FILE` with an affinity in JSON, instead of the one in force")
	f.StringVarP(&q.file, "config", "c", "", "decide by this configuration `file`, and ask no gateway")
	f.BoolVar(&q.steps, "explain", false, "every step of the decision, and everything that is other when the message leaves")
}

// maxMessage bounds a message, as the gateway bounds what it is asked.
const maxMessage = problem.MaxBody

// body is the question as the gateway takes it.
func (q *question) body(in io.Reader) (map[string]any, error) {
	given := 0
	for _, s := range []string{q.url, q.web, q.sip} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		return nil, ask.Usage("route needs one message: --url URL, --http FILE or --sip FILE")
	}
	if q.url == "" && len(q.cookies)+len(q.headers) > 0 || q.url == "" && q.method != "" {
		return nil, ask.Usage("--cookie, --header and --method are for --url: a file has its own")
	}
	if q.sip == "" && (q.transport != "" || q.side != "") {
		return nil, ask.Usage("--transport and --side are for --sip")
	}
	body := map[string]any{}
	switch {
	case q.url != "":
		headers := [][2]string{}
		for _, s := range q.cookies {
			headers = append(headers, [2]string{"Cookie", s})
		}
		for _, s := range q.headers {
			name, value, found := strings.Cut(s, ":")
			if !found {
				return nil, ask.Usage("--header %q has no colon: give NAME: VALUE", s)
			}
			headers = append(headers, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
		}
		body["http"] = map[string]any{"url": q.url, "method": q.method, "headers": headers, "from": q.from}
	default:
		text, err := readFile(q.web+q.sip, in)
		if err != nil {
			return nil, err
		}
		if q.sip != "" {
			body["sip"] = map[string]any{"raw": text, "transport": q.transport, "side": q.side, "from": q.from}
		} else {
			body["http"] = map[string]any{"raw": text, "from": q.from}
		}
	}
	return body, q.supposed(body, in)
}

func (q *question) supposed(body map[string]any, in io.Reader) error {
	assume, nodes := map[string]any{}, map[string]string{}
	for _, s := range q.assume {
		node, what, found := strings.Cut(s, "=")
		if !found {
			return ask.Usage("--assume %q is not NODE=down, disabled, stopped or ok", s)
		}
		nodes[node] = what
	}
	if len(nodes) > 0 {
		assume["nodes"] = nodes
	}
	if q.affinity != "" {
		text, err := readFile(q.affinity, in)
		if err != nil {
			return err
		}
		if !json.Valid([]byte(text)) {
			return ask.Usage("%s: no JSON", q.affinity)
		}
		assume["affinity"] = json.RawMessage(text)
	}
	if len(assume) > 0 {
		body["assume"] = assume
	}
	return nil
}

func readFile(name string, in io.Reader) (string, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxMessage+1))
	if err == nil && len(text) > maxMessage {
		err = fmt.Errorf("%s: longer than %d bytes", name, maxMessage)
	}
	return string(text), err
}

// offline answers by a configuration alone.
func offline(c *cobra.Command, name string, body any) (json.RawMessage, error) {
	text, err := config.ReadFile(name)
	if err != nil {
		return nil, ask.End(ask.BadConfig, err)
	}
	dir := filepath.Dir(name)
	parsed, problems := config.Parse(name, text, assembly.WordsIn(dir))
	if n, _ := problems.Count(); n > 0 {
		if err := problems.Render(c.ErrOrStderr(), text); err != nil {
			return nil, err
		}
		return nil, ask.End(ask.BadConfig, nil)
	}
	desk, err := assembly.Offline(assembly.Options{Config: parsed, Dir: dir})
	if err != nil {
		return nil, err
	}
	asked, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	answer, err := desk.Ask(c.Context(), asked, access.RoleAdmin)
	if p := (*problem.Problem)(nil); errors.As(err, &p) {
		return nil, fmt.Errorf("%s: %s", p.Title, p.Detail)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}
