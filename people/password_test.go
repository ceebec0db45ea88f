package people

import (
	"runtime"
	"strings"
	"testing"
)

func cheap() Hashing { return Hashing{Memory: 8, Passes: 1, Threads: 1} }

// The reference implementation's own vector (phc-winner-argon2, test.c,
// version 0x13, argon2id, t=2, m=2^16, p=1).
func TestArgon2idReferenceVector(t *testing.T) {
	t.Parallel()
	const vector = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	p, err := parsePHC(vector)
	if err != nil {
		t.Fatal(err)
	}
	if !p.matches("password") || p.matches("passwore") {
		t.Error("the vector does not hold")
	}
}

func TestHashesAreSaltedAndMatch(t *testing.T) {
	t.Parallel()
	one, two := cheap().hash("路灯 password"), cheap().hash("路灯 password")
	if one == two {
		t.Error("two hashes of one password are alike")
	}
	for _, s := range []string{one, two} {
		p, err := parsePHC(s)
		if err != nil || !p.matches("路灯 password") || p.matches("") {
			t.Errorf("%s: %v", s, err)
		}
	}
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(OWASP().hash("x"), want) {
		t.Errorf("got %s, want %s…", OWASP().hash("x"), want)
	}
}

func TestParsePHCRefuses(t *testing.T) {
	t.Parallel()
	good := cheap().hash("x")
	tests := map[string]string{
		"nothing":           "",
		"another algorithm": strings.Replace(good, "argon2id", "argon2i", 1),
		"another version":   strings.Replace(good, "v=19", "v=16", 1),
		"bcrypt":            "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"64 GiB":            strings.Replace(good, "m=8", "m=67108864", 1),
		"a million passes":  strings.Replace(good, "t=1", "t=1000000", 1),
		"no passes":         strings.Replace(good, "t=1", "t=0", 1),
		"no threads":        strings.Replace(good, "p=1", "p=0", 1),
		"a sign":            strings.Replace(good, "m=8", "m=+8", 1),
		"a short key":       good[:len(good)-30],
		"bad base 64":       good[:len(good)-1] + "!",
		"a line more":       good + "\n",
		"a field more":      good + "$",
		"no salt":           "$argon2id$v=19$m=8,t=1,p=1$$" + strings.Repeat("A", 43),
	}
	for name, s := range tests {
		if _, err := parsePHC(s); err == nil {
			t.Errorf("%s: %q was taken", name, s)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(cheap().hash("x"))
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err == nil && (p.String() != s || p.bounds() != nil) {
			t.Errorf("%q came through as %q", s, p)
		}
	})
}

// What is no account costs the work of one: argon2 allocates its memory. Not
// parallel: the allocations of others must not count.
func TestUnknownAccountsCostTheSameWork(t *testing.T) {
	const memory = 4 << 20
	s, err := newStaff(Options{Hashing: Hashing{Memory: memory / 1024, Passes: 1, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	known := stored{password: s.hashing.hash("right password")}
	tests := map[string]struct {
		found    stored
		password string
		right    bool
	}{
		"right":             {known, "right password", true},
		"wrong":             {known, "wrong password", false},
		"too long":          {known, strings.Repeat("x", maxPassword+1), false},
		"unknown":           {stored{}, "wrong password", false},
		"unknown, nobody's": {stored{}, "nobody's", false},
		"unreadable":        {stored{password: "x"}, "x", false},
	}
	for name, tt := range tests {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		right := s.right(tt.found, tt.password)
		runtime.ReadMemStats(&after)
		if work := after.TotalAlloc - before.TotalAlloc; right != tt.right || work < memory || work > 2*memory {
			t.Errorf("%s: right is %v at %d bytes; want %v at about %d", name, right, work, tt.right, memory)
		}
	}
}
