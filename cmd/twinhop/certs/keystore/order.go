package keystore

import (
	"cmp"
	"slices"
	"unicode/utf16"
)

// javasHash is String.hashCode.
func javasHash(s string) (h uint32) {
	for _, u := range utf16.Encode([]rune(s)) {
		h = 31*h + uint32(u)
	}
	return h
}

// inJavasOrder puts entries into the order of java.util.HashMap, where SunX509, the default key manager, keeps keys by
// their aliases: it takes the first of the kind that a client knows. Where two share a place, the keystore's order decides.
func inJavasOrder(all []Entry) []Entry {
	room := uint32(16)
	for uint32(len(all)) > room/4*3 {
		room *= 2
	}
	place := func(e Entry) uint32 {
		h := javasHash(e.Alias)
		return (h ^ h>>16) & (room - 1)
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Compare(place(a), place(b)) })
	return all
}

// asListed puts entries that are loaded one after the other into the order of java.util.Hashtable, which holds those of a
// JKS.
func asListed(all []Entry) []Entry {
	table, threshold := make([][]Entry, 11), 8
	place := func(e Entry) int { return int(javasHash(e.Alias)&0x7fffffff) % len(table) }
	put := func(e Entry) {
		i := place(e)
		table[i] = slices.Insert(table[i], 0, e)
	}
	for n, e := range all {
		if n >= threshold {
			old := table
			table = make([][]Entry, 2*len(old)+1)
			threshold = len(table) * 3 / 4
			for _, chain := range slices.Backward(old) {
				for _, o := range chain {
					put(o)
				}
			}
		}
		put(e)
	}
	var listed []Entry
	for _, chain := range slices.Backward(table) {
		listed = append(listed, chain...)
	}
	return listed
}
