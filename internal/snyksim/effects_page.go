package snyksim

// onPage is an effect on list answers, where applies (nil: always) holds.
func onPage(name string, applies func(*page) bool, apply func(*exchange, *page)) Effect {
	return Effect{name, []part{{
		at: stagePage,
		applies: func(x *exchange) bool {
			return x.page != nil && (applies == nil || applies(x.page))
		},
		apply: func(x *exchange) { apply(x, x.page) },
	}}}
}

func hasNext(p *page) bool { return p.more }

// Unsorted shuffles the items of an audit answer.
func Unsorted() Effect {
	applies := func(p *page) bool { return p.audit && len(p.items) > 1 }
	return onPage("unsorted", applies, func(x *exchange, p *page) {
		set := x.sim.faults
		set.mu.Lock()
		defer set.mu.Unlock()
		before := p.items[0]
		set.dice.Shuffle(len(p.items), func(i, j int) { p.items[i], p.items[j] = p.items[j], p.items[i] })
		if p.items[0] == before { // a shuffle that leaves two items alone is none
			p.items[0], p.items[len(p.items)-1] = p.items[len(p.items)-1], p.items[0]
		}
	})
}

// ShortPages cuts answers to n items although there is more: the link still
// leads on. With 0 a page is empty and leads to where it stands.
func ShortPages(n int) Effect {
	return Effect{"short pages", []part{{
		at:      stagePlan,
		applies: func(x *exchange) bool { return x.kind.isAudit() },
		apply:   func(x *exchange) { x.pageCap = n },
	}, {
		at:      stagePage,
		applies: func(x *exchange) bool { return x.page != nil && !x.page.audit && len(x.page.items) > n },
		apply:   func(x *exchange) { x.page.cut(n) },
	}}}
}

// OmitEmptyItems leaves the member items out of an empty audit answer.
func OmitEmptyItems() Effect {
	return onPage("omit empty items", func(p *page) bool { return p.audit && len(p.items) == 0 },
		func(_ *exchange, p *page) { p.omitItems = true })
}

// TrailingNext gives the last page a link too, which leads to an empty one.
func TrailingNext() Effect {
	return onPage("trailing next", func(p *page) bool { return !p.more && len(p.items) > 0 },
		func(_ *exchange, p *page) { p.more = true })
}

// Link writes links.next in another form.
func Link(form LinkForm) Effect {
	return onPage("link", hasNext, func(x *exchange, p *page) { p.form, p.origin = form, x.origin() })
}

// ForeignLink makes links.next lead to another origin, in any of the forms of
// ForeignOrigins.
func ForeignLink(origin string) Effect {
	return onPage("foreign link", hasNext, func(_ *exchange, p *page) {
		p.form, p.origin = LinkAbsolute, origin
	})
}

// RepeatCursor makes links.next lead to the page it stands on.
func RepeatCursor() Effect {
	return onPage("repeat cursor", hasNext, func(_ *exchange, p *page) { p.after = p.again })
}

// CursorToStart makes links.next lead back to the first page.
func CursorToStart() Effect {
	return onPage("cursor to start", hasNext, func(_ *exchange, p *page) { p.after = p.first })
}

// DropNext takes links.next away although there is more.
func DropNext() Effect {
	return onPage("drop next", hasNext, func(_ *exchange, p *page) { p.more = false })
}

// RepeatItems shows every item of an answer twice, one after the other.
func RepeatItems() Effect {
	return onPage("repeat items", func(p *page) bool { return p.audit && len(p.items) > 0 },
		func(_ *exchange, p *page) {
			twice := make([]string, 0, 2*len(p.items))
			for _, item := range p.items {
				twice = append(twice, item, item)
			}
			p.items = twice
		})
}
