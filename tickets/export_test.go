package tickets

// CheckDigit opens damm to its test vector.
func CheckDigit(digits string) int { return int(damm(digits)) }
