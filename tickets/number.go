package tickets

import (
	"fmt"
	"strings"
	"time"
)

// lastOfDay is the largest daily sequence.
const lastOfDay = 9_999_999

// Number makes a ticket's number: YYYYMMDD-NNNNNNN-C, the day in
// Asia/Shanghai, the sequence of that day (1 to 9,999,999) and a check digit.
func Number(at time.Time, sequence int) (string, error) {
	if sequence < 1 || sequence > lastOfDay {
		return "", fmt.Errorf("tickets: sequence %d of the day is outside 1 to %d", sequence, lastOfDay)
	}
	digits := fmt.Sprintf("%s%07d", Day(at), sequence)
	return fmt.Sprintf("%s-%s-%c", digits[:8], digits[8:], '0'+damm(digits)), nil
}

// Day is the date part of a number, YYYYMMDD in Asia/Shanghai.
func Day(at time.Time) string { return at.In(Zone()).Format("20060102") }

// ValidNumber says that s has a number's form, a real date and the right check
// digit: a single wrong digit and two neighbours swapped are found.
func ValidNumber(s string) bool {
	if len(s) != 18 || s[8] != '-' || s[16] != '-' {
		return false
	}
	digits := s[:8] + s[9:16] + s[17:]
	if strings.Trim(digits, "0123456789") != "" {
		return false
	}
	_, err := time.Parse("20060102", s[:8])
	return err == nil && s[9:16] != "0000000" && damm(digits) == 0
}

// damm computes the check digit of H. Michael Damm's algorithm (thesis,
// Marburg 2004) over its quasigroup of order 10; over digits and their check
// digit it is 0. digits holds 0-9 only.
func damm(digits string) byte {
	const order = "" +
		"0317598642" + "7092154863" + "4206871359" + "1750983426" + "6123045978" +
		"3674209581" + "5869720134" + "8945362017" + "9438617205" + "2581436790"
	interim := 0
	for i := range len(digits) {
		interim = int(order[interim*10+int(digits[i]-'0')] - '0')
	}
	return byte(interim)
}
