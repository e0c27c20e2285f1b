package candidates

import "twinhop/gateway/cluster"

// fits tells whether m has what the message takes, or the message has it there
// already.
func (s *Set) fits(m *cluster.Member) bool {
	return s.Needs == nil || m.Load == s.Holder || m.Room(s.Needs)
}

// Full tells whether there are members that could be given the message if they
// had more of what it takes.
func (s *Set) Full() bool {
	for _, m := range s.Pool.Members {
		if m.Eligible(s.Wants) && !s.WasTried(m.Name) && !m.Resting(s.Wants) && m.Capacity.Has(s.Needs.Resources) {
			return true
		}
	}
	return false
}

// roomy lists the members that may be given something new and have room for
// it: of these the highest version, and the smallest distance.
func (s *Set) roomy() []*cluster.Member {
	list := s.List[:0]
	for _, m := range s.Pool.Members {
		switch {
		case !s.fresh(m) || len(list) > 0 && m.Version < list[0].Version:
		case len(list) > 0 && m.Version > list[0].Version:
			list = append(list[:0], m)
		default:
			list = append(list, m)
		}
	}
	return nearest(list)
}
