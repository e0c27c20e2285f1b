package e2e

// Rules and attributes of httpd.conf, which the gateway reads as httpd does.
func differentialHTTPD() suite {
	solo := "n1@ n2@ n3@"
	at := func(list ...string) func(p *play) {
		var raw []string
		for _, path := range list {
			raw = append(raw, ask("GET", path))
		}
		return sends(raw...)
	}
	none := "/@/none=lb@"
	return suite{
		byHTTPD: true,
		httpd:   "JkOptions +ForwardURICompatUnparsed\nJkEnvVar STAGE test\nJkEnvVar EMPTY \"\"\nJkEnvVar UNSET\n",
		trials: []trialOf{
			{name: "JkMount", urimap: none, httpd: "JkMount /@/a lb@\nJkMount /@/b/* lb@", play: at("/@/a", "/@/a/x", "/@/b/x", "/@/b", "/@/none")},
			{name: "JkMount, short for two rules", urimap: none, httpd: "JkMount /@/a|/* lb@", play: at("/@/a", "/@/a/x", "/@/ax")},
			{name: "JkMount in quotes", urimap: none, httpd: `JkMount "/@/a/*" "lb@"`, play: at("/@/a/x")},
			{name: "JkMount of several lines", urimap: none, httpd: "JkMount /@/a/* \\\n   lb@", play: at("/@/a/x")},
			{name: "JkUnMount", urimap: none, httpd: "JkMount /@/* lb@\nJkUnMount /@/no/* lb@\nJkUnMount /@/*.gif lb@", play: at("/@/x", "/@/no/x", "/@/x.gif")},
			{name: "JkUnMount of a rule of the map", list: solo, urimap: "/@/*=n1@", httpd: "JkUnMount /@/no/* n1@", play: at("/@/x", "/@/no/x")},
			{name: "the map before JkMount", list: solo, urimap: "/@/a/*=n1@", httpd: "JkMount /@/a/* n2@\nJkMount /@/a/b/* n3@", play: at("/@/a/x", "/@/a/b/x")},
			{name: "JkMount before mount", list: solo, words: "mount=/@/m/*,/@/o/*", urimap: none, httpd: "JkMount /@/m/* n2@", play: at("/@/m/x", "/@/o/x")},
			{name: "JkMount twice", list: solo, urimap: none, httpd: "JkMount /@/a n1@\nJkMount /@/a n2@", play: at("/@/a")},
			{name: "Location", list: solo, urimap: none, httpd: "<Location /@/a>\n  JkMount n2@\n</Location>", play: at("/@/a", "/@/a/x", "/@/ax")},
			{name: "IfModule", urimap: none, httpd: "<IfModule mod_jk.c>\n  JkMount /@/a lb@\n</IfModule>\n<IfModule !jk_module>\n  JkMount /@/b lb@\n</IfModule>\n<IfModule mod_nobody.c>\n  JkMount /@/c lb@\n</IfModule>", play: at("/@/a", "/@/b", "/@/c")},
			{name: "Define", urimap: none, httpd: "Define where@ /@/a\nJkMount ${where@}/* lb@", play: at("/@/a/x")},
			{name: "attributes", urimap: "/@|/*=lb@", play: sends(plain, to("/x", "STAGE: mine"))},
			{name: "unparsed", urimap: "/@|/*=lb@", play: at("/@/a/../b", "/@//b", "/@/a%20b", "/@/a%3Bb", "/@/%C3%A9", "/@/[x]|y", "/@/%61", "/@/a%3fb;jsessionid=A@.n2")},
			{name: "unparsed, with a query", urimap: "/@|/*=lb@", play: at("/@/x?a=%20&b=[c]", "/@/x?")},
		},
	}
}
