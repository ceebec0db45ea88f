package main

import "testing"

const statistics = "StartTime;TotalCallCreated;SuccessfulCall(P);SuccessfulCall(C);FailedCall(P);FailedCall(C);\n" +
	"a;2;2;2;0;0;\n" +
	"a;5;2;4;1;1;\n"

func TestStatisticsOfSIPp(t *testing.T) {
	t.Parallel()
	good, failed, err := readStatistics([]byte(statistics))
	if good != 4 || failed != 1 || err != nil {
		t.Errorf("got %d good, %d failed, %v", good, failed, err)
	}
	for name, text := range map[string]string{
		"empty":     "",
		"no line":   "SuccessfulCall(C);FailedCall(C)\n",
		"no column": "SuccessfulCall(C)\n3\n",
		"no number": "SuccessfulCall(C);FailedCall(C)\nx;1\n",
	} {
		if _, _, err := readStatistics([]byte(text)); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
}
