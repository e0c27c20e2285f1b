package e2e

import "strings"

// Which rule a path meets, and what of it arrives.
func differentialMapping() suite {
	solo := "n1@ n2@ n3@"
	paths := func(list ...string) func(p *play) {
		var raw []string
		for _, path := range list {
			raw = append(raw, ask("GET", path))
		}
		return sends(raw...)
	}
	return suite{trials: []trialOf{
		{name: "short for two rules", list: solo, urimap: "/@/app|/*=n1@", play: paths("/@/app", "/@/app/", "/@/app/x", "/@/appx", "/@/ap", "/@")},
		{name: "exact", list: solo, urimap: "/@/app=n1@", play: paths("/@/app", "/@/app/", "/@/app?x=/y", "/@/app;a=b", "/@/APP")},
		{name: "star crosses slashes", list: solo, urimap: "/@/a/*.do=n1@", play: paths("/@/a/x.do", "/@/a/b/c.do", "/@/a/.do", "/@/a/x.do/y", "/@/a/x.doo", "/@/a/x.do?q=.jsp")},
		{name: "question mark", list: solo, urimap: "/@/a?c=n1@\n/@/d/?/e=n2@", play: paths("/@/abc", "/@/a/c", "/@/ac", "/@/abbc", "/@/d/x/e", "/@/d//e")},
		{name: "two stars", list: solo, urimap: "/@/*/b/*=n1@", play: paths("/@/a/b/c", "/@/a/x/b/c", "/@/b/c", "/@/a/b/", "/@/a/b")},
		{name: "star in the middle of a name", list: solo, urimap: "/@/a*z=n1@", play: paths("/@/az", "/@/abcz", "/@/a/z", "/@/azb")},
		{name: "more slashes first", list: solo, urimap: "/@/*=n1@\n/@/a/*=n2@\n/@/a/b/*=n3@", play: paths("/@/x", "/@/a/x", "/@/a/b/x", "/@/a/b", "/@/a")},
		{name: "more slashes before more letters", list: solo, urimap: "/@/averylongname*=n1@\n/@/*/x=n2@", play: paths("/@/averylongname/x", "/@/averylongnames")},
		{name: "longer first", list: solo, urimap: "/@/a*=n1@\n/@/ab*=n2@\n/@/abc=n3@", play: paths("/@/abc", "/@/abcd", "/@/ab", "/@/a")},
		{name: "extension or folder", list: solo, urimap: "/@/*.jsp=n1@\n/@/sub/*=n2@", play: paths("/@/x.jsp", "/@/sub/x.jsp", "/@/sub/x", "/@/y/x.jsp")},
		{name: "exclusion", list: solo, urimap: "/@/*=n1@\n!/@/static/*=n1@", play: paths("/@/x", "/@/static/x", "/@/static", "/@/static/")},
		{name: "exclusion of another worker", list: solo, urimap: "/@/*=n1@\n!/@/static/*=n2@", play: paths("/@/static/x")},
		{name: "exclusion of any worker", list: solo, urimap: "/@/*=n1@\n/@/b/*=n2@\n!/@/*.gif=*", play: paths("/@/x.gif", "/@/b/x.gif", "/@/b/x")},
		{name: "exclusion, no second best", list: solo, urimap: "/@/*=n1@\n/@/b/*=n2@\n!/@/b/c/*=n2@", play: paths("/@/b/c/x", "/@/b/x", "/@/c/x")},
		{name: "exclusion is no tie", list: solo, urimap: "/@/x=n1@\n!/@/x=n1@", play: paths("/@/x")},
		{name: "switched off", list: solo, urimap: "/@/*=n1@\n-/@/b/*=n2@\n-!/@/c/*=n1@", play: paths("/@/b/x", "/@/c/x")},
		{name: "switched off beside the same", list: solo, urimap: "/@/*=n1@\n-/@/*=n1@", play: paths("/@/x")},
		{name: "spaces and comments", list: solo, urimap: "# a comment\n  /@/a/*   =   n1@   \n/@/b/*=n2@ # more\n\n", play: paths("/@/a/x", "/@/b/x")},
		{name: "one worker in two rules", list: solo, urimap: "/@/a/*=n1@\n/@/b/*=n1@", play: paths("/@/a/x", "/@/b/x", "/@/c/x")},
		{name: "nothing mapped", list: solo, urimap: "/@/a=n1@", play: paths("/@/b", "/@", "/"+"@x/a", "/")},

		{name: "parameters do not count", list: solo, urimap: "/@/a/*=n1@\n/@/b=n2@", play: paths("/@;x=1/a/x", "/@/a;x/y", "/@/b;jsessionid=1", "/@/b;", "/;/@/b", "/@/;a=b/b")},
		{name: "double slashes", list: solo, urimap: "/@/a/*=n1@\n!/@/a/no/*=n1@", differs: "path as it came", play: paths("/@//a/x", "/@/a//x", "//@/a/x", "/@/a//no//x", "/@/a/x//")},
		{name: "dots", list: solo, urimap: "/@/a/*=n1@\n!/@/a/no/*=n1@", differs: "path as it came, dots may not leave a mount", play: paths("/@/./a/x", "/@/a/b/../x", "/@/a/yes/../no/x", "/@/a/no/../x", "/@/a/.", "/@/a/..x", "/@/a/...")},
		{name: "dots that leave the mount", differs: "dots may not leave a mount", list: solo, urimap: "/@/a/*=n1@\n/@/b/*=n2@", play: paths("/@/b/../a/x", "/@/a/../b/x")},
		{name: "dots above the root", list: solo, urimap: "/@/a/*=n1@", play: paths("/../@/a/x", "/@/../../@/a/x", "/@/a/../../../x")},
		{name: "dots in escapes", list: solo, urimap: "/@/a/*=n1@", differs: "path as it came", play: paths("/@/a/%2e/x", "/@/a/b/%2e%2e/x", "/@/a/b/.%2E/x")},
		{name: "dots with parameters", differs: "ambiguous paths are refused", list: solo, urimap: "/@/a/*=n1@\n/@/b/*=n2@", play: paths("/@/a/..;/b/x", "/@/a/..;x=1/b/x", "/@/a/.;/x", "/@/a/%2e%2e;/b/x")},
		{name: "escaped slash", differs: "ambiguous paths are refused", list: solo, urimap: "/@/a/*=n1@", play: paths("/@/a/b%2fc", "/@%2Fa/x")},
		{name: "backslash", differs: "ambiguous paths are refused", list: solo, urimap: "/@/a/*=n1@", play: paths("/@/a/b%5cc", `/@/a/b\c`)},
		{name: "control characters", differs: "ambiguous paths are refused", list: solo, urimap: "/@/a/*=n1@", play: paths("/@/a/b%00c", "/@/a/b%0ac", "/@/a/b%7fc")},
		{name: "bad escapes", list: solo, urimap: "/@/a/*=n1@", play: paths("/@/a/b%zz", "/@/a/b%2", "/@/a/b%")},
		{name: "escaped letters", list: solo, urimap: "/@/a/*=n1@\n!/@/a/no/*=n1@", differs: "path as it came", play: paths("/@/%61/x", "/@/a/%6e%6F/x", "/@/a/%7Euser")},
		{name: "spaces, percent and question mark", list: solo, urimap: "/@/a/*=n1@", play: paths("/@/a/b%20c", "/@/a/b%25c", "/@/a/b%3Fc", "/@/a/b%23c", "/@/a/b+c")},
		{name: "signs that may stand", list: solo, urimap: "/@/a/*=n1@", play: paths("/@/a/~$-_.+!*'(),;:@&=x")},
		{name: "signs that mod_jk escapes", list: solo, urimap: "/@/a/*=n1@", differs: "path as it came", play: paths("/@/a/[x]", "/@/a/x|y", "/@/a/{x}", `/@/a/"x"`, "/@/a/^x`")},
		{name: "other letters", list: solo, urimap: "/@/a/*=n1@", differs: "path as it came", play: paths("/@/a/%C3%A9", "/@/a/%c3%a9", "/@/a/\xc3\xa9", "/@/a/%ff")},
		{name: "queries", list: solo, urimap: "/@/a=n1@", play: paths("/@/a?", "/@/a?x", "/@/a?x=1&y=%20&z=/../", "/@/a??", "/@/a?a=[b]|c", "/@/a?%zz=%0a")},
		{name: "absolute form", list: solo, urimap: "/@/a=n1@", play: paths("http://site.test/@/a", "http://site.test/@/a?x=y", "http://other.test:81/@/a")},
		{name: "a long path", list: solo, urimap: "/@/*=n1@", play: paths("/@/" + strings.Repeat("a", 4000))},
		{name: "a longer path", differs: "long paths", list: solo, urimap: "/@/*=n1@", play: paths("/@/" + strings.Repeat("a", 4200))},
		{name: "mount in workers.properties", words: "mount=/@/m,/@/m/*", urimap: "/@/x=lb@", play: paths("/@/m", "/@/m/x", "/@/mx", "/@/x")},
		{name: "the map before mount", list: solo, words: "mount=/@/m/*", urimap: "/@/m/*=n2@", play: paths("/@/m/x")},
	}}
}
