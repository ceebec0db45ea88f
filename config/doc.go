// Package config loads one YAML file and the environment into any struct, and
// writes the reference of that struct. It knows no section: each room owns its
// struct, and field tags say the rest.
//
//	yaml:"listen"        the key; ",inline" lifts the fields of a struct
//	default:"20ms"       the value when nobody gives one; lists: "a,b"
//	required:"true"      the file or the environment must give it
//	secret:"true"        never printed, and KEY_file may name a file with it
//	doc:"One sentence."  for the reference
//
// Fields are text, numbers, booleans, durations, netip types, Secret, whatever
// implements encoding.TextUnmarshaler, structs, lists, maps with text keys, and
// pointers to these. YAML anchors, aliases, tags and second documents are
// refused: what is written is what is meant.
package config
