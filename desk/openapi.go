package desk

import (
	_ "embed"
	"fmt"

	"github.com/goccy/go-yaml"
)

//go:embed openapi.yaml
var openapiYAML []byte

// openapi is the description of the REST side as JSON.
func openapi() ([]byte, error) {
	document, err := yaml.YAMLToJSON(openapiYAML)
	if err != nil {
		return nil, fmt.Errorf("desk: openapi.yaml: %w", err)
	}
	return document, nil
}
