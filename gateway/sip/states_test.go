package sip

import (
	"slices"
	"testing"
)

func TestStatesTable(t *testing.T) {
	t.Parallel()
	table := States()
	reached := map[string]bool{string(Invited): true, string(Calling): true}
	for _, a := range table {
		if !slices.Contains(allStates(), State(a.From)) || !slices.Contains(allStates(), State(a.To)) || !slices.Contains(allEvents(), Event(a.Event)) {
			t.Errorf("arrow %+v names what is not listed", a)
		}
		if a.From == string(Ended) {
			t.Errorf("arrow %+v leaves the end", a)
		}
		reached[a.To] = true
	}
	for _, s := range allStates() {
		if !reached[string(s)] {
			t.Errorf("nothing leads to %s", s)
		}
		if s == Ended {
			continue
		}
		for _, e := range []Event{evHangup, evBroken} {
			if _, ok := next(s, e); !ok {
				t.Errorf("%s cannot be left by %q", s, e)
			}
		}
	}
}

// From everywhere the end can be reached, and the rules of the RFC hold.
func TestStatesRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from State
		by   []Event
		want State // "": refused at the last event
	}{
		"answered at once":                   {Invited, []Event{evAnswer, evAck}, Talking},
		"rung, answered, ended":              {Invited, []Event{evRing, evRing, evAnswer, evAck, evBye}, Ended},
		"CANCEL before the answer":           {Invited, []Event{evRing, evCancel}, Ended},
		"CANCEL after the answer":            {Invited, []Event{evAnswer, evCancel, evAck}, Talking},
		"BYE waits for the ACK":              {Invited, []Event{evAnswer, evHangup}, Leaving},
		"and goes out with it":               {Invited, []Event{evAnswer, evHangup, evAck}, Ended},
		"or when its time is over":           {Invited, []Event{evAnswer, evHangup, evAckLost}, Ended},
		"no ACK":                             {Invited, []Event{evAnswer, evAckLost}, Ended},
		"UPDATE before the ACK":              {Invited, []Event{evAnswer, evReoffer, evAck}, Talking},
		"no re-INVITE in a call that leaves": {Invited, []Event{evAnswer, evHangup, evReoffer}, ""},
		"refreshed":                          {Talking, []Event{evRefresh, evRefreshed}, Talking},
		"refreshed in another way":           {Talking, []Event{evRefresh, evRefresh, evRefreshed}, Talking},
		"no refresh before the ACK":          {Invited, []Event{evAnswer, evRefresh}, ""},
		"glare":                              {Talking, []Event{evRefresh, evReoffer, evPutOff, evRefresh, evRefreshed}, Talking},
		"refresh to nobody":                  {Talking, []Event{evRefresh, evLost}, Ended},
		"BYE during a refresh":               {Talking, []Event{evRefresh, evBye}, Ended},
		"hung up during a refresh":           {Talking, []Event{evRefresh, evHangup}, Ended},
		"never refreshed":                    {Talking, []Event{evExpired}, Ended},
		"interval too small for them":        {Calling, []Event{evProvisional, evRetry, evProvisional, evSuccess}, Talking},
		"no retry once given up":             {Calling, []Event{evProvisional, evHangup, evRetry}, ""},
		"no answer twice":                    {Invited, []Event{evAnswer, evAck, evAnswer}, ""},
		"no ringing in a call":               {Invited, []Event{evAnswer, evAck, evRing}, ""},
		"called and answered":                {Calling, []Event{evProvisional, evProvisional, evSuccess}, Talking},
		"cancelled, crossed by 200":          {Calling, []Event{evHangup, evProvisional, evSuccess}, Ended},
		"cancelled, 487":                     {Calling, []Event{evProvisional, evHangup, evFailure}, Ended},
		"busy":                               {Calling, []Event{evFailure}, Ended},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.from
			for i, e := range tt.by {
				to, ok := next(s, e)
				if !ok {
					if tt.want != "" || i != len(tt.by)-1 {
						t.Fatalf("%s takes no %q", s, e)
					}
					return
				}
				s = to
			}
			if s != tt.want {
				t.Errorf("ends in %s, want %q", s, tt.want)
			}
		})
	}
}
