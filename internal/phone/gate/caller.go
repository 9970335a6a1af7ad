package gate

import (
	"hash/fnv"
	"slices"
)

// callerID is the number that the callee sees: the wanted one, else one of the
// pool for its country, else the desk's first. It is always the desk's own: a
// number that has left the desk since the rule was written is passed over.
func callerID(wanted string, own []string, to Number, rules []CallerRule) (string, error) {
	switch {
	case len(own) == 0:
		return "", refuse(NoNumber, RuleCallerID, "This desk has no telephone number yet. An administrator enters it under Integrations.")
	case wanted != "" && !slices.Contains(own, wanted):
		return "", refuse(NotOurNumber, RuleCallerID, "This number is not one of this desk. Choose another caller id.")
	case wanted != "":
		return wanted, nil
	}
	for _, rule := range rules {
		pool := slices.DeleteFunc(slices.Clone(rule.Numbers), func(n string) bool { return !slices.Contains(own, n) })
		if rule.Country == to.Country && len(pool) > 0 {
			return pool[share(to.E164, len(pool))], nil
		}
	}
	return own[0], nil
}

// share gives every callee a place of n, always the same one: people know the
// number that calls them.
func share(e164 string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(e164)) // never fails (hash.Hash)
	return int(h.Sum32() % uint32(n))
}
