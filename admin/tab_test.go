package admin

import (
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// enter logs a new name in and watches what the page complains of.
func (b *tab) enter(s *stage, name string, role Role) {
	b.t.Helper()
	link, err := s.LoginURL(name, role, time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link))
	b.see(name)
	b.eval(watchPage)
}

// press clicks the button that begins with a word.
func (b *tab) press(selector, label string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find(x => x.innerText.startsWith(%q) && !x.disabled)`, selector, label)
	b.wait("!!" + find)
	b.eval(find + ".click()")
}

// looks takes pictures in both themes, wide and narrow, and checks what of the looks can be checked.
func (b *tab) looks(name, selector string) {
	b.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		b.eval(fmt.Sprintf(`document.documentElement.dataset.theme = %q`, theme))
		b.readable(selector)
		for _, width := range []int64{360, 1440} {
			b.do(chromedp.EmulateViewport(width, 900))
			b.wait(fmt.Sprintf(`innerWidth === %d && document.documentElement.scrollWidth <= %d`, width, width))
			b.picture(fmt.Sprintf("%s-%s-%d", name, theme, width))
		}
	}
}
