package form

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// Check tells whether text has the form of that name: err says what is wrong
// with it, and hint what it should look like. What has no form is well formed.
func Check(name, text string) (hint string, err error) {
	f, ok := forms[name]
	if !ok {
		return "", nil
	}
	return f.hint, f.check(text)
}

// Known tells whether there is a form of that name.
func Known(name string) bool { return forms[name].check != nil }

// form is a check and what passes it.
type form struct {
	check func(string) error
	hint  string
}

var forms = map[string]form{
	"listen":     {checkListen, `"host:port" or ":port", such as ":8080"`},
	"sipListen":  {sipURL(worldly, checkListen), `such as "udp://0.0.0.0:5060", or with tcp, tls, ws or wss in front`},
	"sipInner":   {sipURL(outward, checkListen), `such as "udp://0.0.0.0:5065", or with tcp or tls in front`},
	"origin":     {checkOrigin, `such as "https://shop.example" or "https://shop.example:8443"; "*" for every page`},
	"localPath":  {checkLocal, `such as "/sip"; no parameters, no wildcards`},
	"publicHost": {checkPublicHost, "an address or a host name that others can reach; its port stands under ports"},
	"name":       {matches(namePattern, "name"), "letters, digits, '_', '.', '-'; at most 60; begin with a letter or digit"},
	"poolNode":   {matches(starPattern, "name"), `the name of a node, or "*" for all`},
	"poolRef":    {matches(starPattern, "name"), "the name of a pool"},
	"route":      {matches(routePattern, "route"), "letters, digits, '_', '-', and '.' but not in front; at most 60"},
	"httpNode":   {checkHTTPNode, `such as "http://10.0.0.1:8080" or "ajp://10.0.0.1:8009"`},
	"sipNode":    {sipURL(outward, checkPeer), `such as "udp://10.0.0.1:5080", or with tcp or tls in front`},
	"sipPeer":    {checkSIPPeer, `such as "192.0.2.1:5060", "sip:proxy.example.com", "sip:proxy.example.com:5060;transport=tcp" or "sips:proxy.example.com"`},
	"transport":  {checkOutward, "udp, tcp or tls; leave it out for any"},
	"sipExtra":   {checkHostAndPort, `such as 10.0.0.7, "10.0.0.7:5090" or media.example.com; no network`},
	"sipAlias":   {checkAlias, `such as sip.example.com, "*.example.com", 203.0.113.9 or "203.0.113.9:5060"`},
	"scanner":    {matches(scannerPattern, "word of a User-Agent"), "3 to 64 visible characters; a shorter word would be found in honest phones"},
	"ip":         {checkIP, "one IP address, such as 10.0.0.7; no port, no network"},
	"cidr":       {checkCIDR, "a network such as 10.0.0.0/8, or one address"},
	"mount":      {checkMount, `such as "/*", "/app|/*", or "!/app/private/*" to exclude`},
	"standIn":    {checkStandIn, `such as "http://192.0.2.9:80"`},
	"parameter":  {matches(orNothing(tokenPattern), "name of a parameter"), `such as "jsessionid"`},
	"instance":   {matches(instancePattern, "instance"), "at most 34 letters, digits, '_' and '.'; what stands before the first '-' of the application's ids"},
	"path":       {checkPath, `a path, such as "/health"`},
	"redirect":   {checkRedirect, `a path of this site, or a URL with http:// or https://`},
	"secret":     {checkSecret, "1 to 255 visible ASCII characters, blanks within; quote it"},
	"password":   {checkPassword, "1 to 255 visible ASCII characters, blanks within; quote it"},
	"hepServer":  {checkHEPServer, `such as "udp://192.0.2.9:9060"`},
	"method":     {matches(methodPattern, "method"), "capital letters, such as GET"},
	"cookiePath": {checkCookiePath, `a path, such as "/" or "/app"`},
	// A path parameter is looked for with its semicolon.
	"sessionPath": {matches(parameterPattern, "path parameter"), `a semicolon and a name, such as ";jsessionid"`},
	"rating":      {matches(ratingPattern, "rating"), "an activation (a, d, s), a state (o, i, n, b, r, e), or both with a dot, such as a.o"},
	"errors":      {checkErrorStatuses, "a status such as 503, a range such as 400-599, or a class such as 5xx, between 400 and 699"},
	"text":        {checkText, "at most 256 printable ASCII characters"},
	// RE2: it takes time in proportion to the text, whatever it says.
	"pattern": {checkPattern, "a regular expression (RE2), at most 256 characters, such as '^\\+49'"},
	"token":   {matches(tokenPattern, "name"), "letters, digits and !#$%&'*+-.^_`|~"},
}

var (
	namePattern    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$`)
	starPattern    = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9_.-]{0,59}|\*)$`)
	routePattern   = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,59}$`)
	hostPattern    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$`)
	scannerPattern = regexp.MustCompile(`^[!-~][ -~]{1,62}[!-~]$`)
	secretPattern  = regexp.MustCompile(`^[!-~]([ -~]{0,253}[!-~])?$`)
	schemePattern  = regexp.MustCompile(`^[a-z][a-z0-9+.-]{0,31}$`)
	methodPattern  = regexp.MustCompile(`^[A-Z][A-Z-]{0,31}$`)
	ratingPattern  = regexp.MustCompile(`^([ads](\.[oinbre])?|[oinbre])$`)

	parameterPattern = regexp.MustCompile("^;[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}$")
	instancePattern  = regexp.MustCompile(`^[A-Za-z0-9_.]{0,34}$`)
	tokenPattern     = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$")
)

// orNothing is the pattern for a text that may be left empty.
func orNothing(re *regexp.Regexp) *regexp.Regexp {
	return regexp.MustCompile("^$|" + re.String())
}

// IsToken tells whether text may be the name of a header, cookie or parameter.
func IsToken(s string) bool { return tokenPattern.MatchString(s) }

// maxPattern bounds a regular expression, which may be compiled to thousands
// of times its length.
const maxPattern = 256

func checkPattern(s string) error {
	if len(s) > maxPattern {
		return fmt.Errorf("%s is longer than %d characters", Quote(s), maxPattern)
	}
	_, err := regexp.Compile(s)
	var bad *syntax.Error
	if errors.As(err, &bad) {
		return fmt.Errorf("%s is no regular expression: %s: %s", Quote(s), bad.Code, Quote(bad.Expr))
	}
	return err
}

func matches(re *regexp.Regexp, noun string) func(string) error {
	return func(s string) error {
		if !re.MatchString(s) {
			return fmt.Errorf("%s is no %s", Quote(s), noun)
		}
		return nil
	}
}

// SplitHostPort takes "host:port" apart; an empty host is allowed.
func SplitHostPort(s string) (host string, port int, err error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return "", 0, fmt.Errorf("%s has no port", Quote(s))
	}
	port, err = strconv.Atoi(s[i+1:])
	if err != nil || port < 0 || port > 65535 || s[i+1] == '+' || s[i+1] == '-' {
		return "", 0, fmt.Errorf("%s is no port", Quote(s[i+1:]))
	}
	host = s[:i]
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
		if a, err := netip.ParseAddr(host); err != nil || !a.Is6() {
			return "", 0, fmt.Errorf("%s is no IPv6 address", Quote(host))
		}
	} else if strings.Contains(host, ":") {
		return "", 0, fmt.Errorf("%s: an IPv6 address stands in brackets, such as [::1]:8080", Quote(s))
	}
	return host, port, nil
}

func checkHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	if len(host) > 253 || !hostPattern.MatchString(host) || IsNumber(strings.ReplaceAll(host, ".", "")) {
		return fmt.Errorf("%s is no address and no host name", Quote(host))
	}
	return nil
}

func checkListen(s string) error {
	if s == "" {
		return nil
	}
	host, _, err := SplitHostPort(s)
	if err == nil && host != "" {
		err = checkHost(host)
	}
	return err
}

func checkPeer(s string) error {
	_, _, err := splitPeer(s)
	return err
}

// splitPeer takes the address of one host apart.
func splitPeer(s string) (host string, port int, err error) {
	if host, port, err = SplitHostPort(s); err == nil && port == 0 {
		err = fmt.Errorf("%s: port 0 reaches nobody", Quote(s))
	}
	if err == nil {
		err = checkOneHost(host)
	}
	return host, port, err
}

func checkOneHost(host string) error {
	if a, err := netip.ParseAddr(host); err == nil && (a.IsUnspecified() || a.IsMulticast()) {
		return fmt.Errorf("%s is no address of one host", Quote(host))
	}
	return checkHost(host)
}

func checkPublicHost(s string) error {
	if s == "" {
		return nil
	}
	return checkOneHost(s)
}

// checkStandIn is for who is sent requests instead of nodes.
func checkStandIn(s string) error {
	if strings.HasPrefix(s, "ajp://") {
		return errors.New("ajp:// is for nodes: only http:// is spoken here")
	}
	if s == "" {
		return nil
	}
	return checkHTTPNode(s)
}

func checkHTTPNode(s string) error {
	u, err := url.Parse(s)
	switch {
	case strings.HasPrefix(s, "https://"):
		return errors.New("https:// is not supported yet")
	case !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "ajp://"):
		return fmt.Errorf("%s does not begin with http:// or ajp://", Quote(s))
	case err != nil:
		return fmt.Errorf("%s is no URL", Quote(s))
	case u.User != nil:
		return errors.New("a node's URL carries no user or password")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("a node's URL has no path: the client's path is forwarded as it is")
	}
	host := u.Host
	if u.Port() == "" {
		host = strings.TrimSuffix(host, ":") + ":80" // or AJP's 8009: it need only be one
	}
	return checkPeer(host)
}

// checkSecret does not repeat what it complains of.
func checkSecret(s string) error {
	if !secretPattern.MatchString(s) {
		return errors.New("this is no secret that can be sent")
	}
	return nil
}

// checkPassword accepts what keytool takes for a password, and never tells it.
func checkPassword(s string) error {
	if !secretPattern.MatchString(s) {
		return errors.New("this is no password of a keystore")
	}
	return nil
}

// IsSecret tells whether text may be a secret shared with a node.
func IsSecret(s string) bool { return secretPattern.MatchString(s) }

func checkHEPServer(s string) error {
	address, ok := strings.CutPrefix(s, "udp://")
	switch {
	case s == "":
		return nil
	case !ok:
		return fmt.Errorf("%s does not begin with udp://", Quote(s))
	}
	return checkPeer(address)
}

func checkIP(s string) error {
	if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" {
		return fmt.Errorf("%s is no IP address", Quote(s))
	}
	return nil
}

func checkCIDR(s string) error {
	if _, err := ParseNetwork(s); err != nil {
		return fmt.Errorf("%s is no network", Quote(s))
	}
	return nil
}

// ParseNetwork reads "10.0.0.0/8" or one address, which is a network of one.
func ParseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// Networks is ParseNetwork for a list that was checked.
func Networks(list []string) (all []netip.Prefix) {
	for _, s := range list {
		if p, err := ParseNetwork(s); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func checkMount(s string) error {
	p := strings.TrimPrefix(s, "!")
	switch {
	case !strings.HasPrefix(p, "/"):
		return fmt.Errorf("%s does not begin with \"/\"", Quote(s))
	case strings.Count(p, "|") > 1:
		return fmt.Errorf("%s has more than one \"|\"", Quote(s))
	case strings.Contains(p, "|") && !strings.HasPrefix(p[strings.IndexByte(p, '|')+1:], "/"):
		return fmt.Errorf("%s: what follows \"|\" does not begin with \"/\"", Quote(s))
	}
	return checkVisible(s, 1024)
}

func checkPath(s string) error {
	if !strings.HasPrefix(s, "/") {
		return fmt.Errorf("%s does not begin with \"/\"", Quote(s))
	}
	return checkVisible(s, 1024)
}

func checkRedirect(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return fmt.Errorf("%s is no URL", Quote(s))
	case u.Scheme == "" && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.HasPrefix(s, `/\`):
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil:
	default:
		return fmt.Errorf("%s is neither a path nor a URL", Quote(s))
	}
	return checkVisible(s, 2048)
}

// checkCookiePath refuses what ends a cookie's attribute.
func checkCookiePath(s string) error {
	if strings.ContainsAny(s, ";,") {
		return fmt.Errorf("%s is no path of a cookie", Quote(s))
	}
	return checkPath(s)
}

// checkText refuses what steers a terminal, and what is endless.
func checkText(s string) error {
	if len(s) > 256 {
		return errors.New("longer than 256 bytes")
	}
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f {
			return fmt.Errorf("%s holds a character that is not printable ASCII", Quote(s))
		}
	}
	return nil
}

// checkVisible refuses what does not belong in a URI or a header.
func checkVisible(s string, most int) error {
	if len(s) > most {
		return fmt.Errorf("longer than %d bytes", most)
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return fmt.Errorf("%s holds a character that must be percent-encoded", Quote(s))
		}
	}
	return nil
}

// Quote quotes and shortens a value for a message.
func Quote(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:77], "") + "..."
	}
	return strconv.Quote(s)
}
