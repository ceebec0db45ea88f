// Command bench measures Hotline side by side with its peers on this machine
// and prints one line a figure:
//
//	bench NAME ours=… [peer|ceiling|floor=…] [ratio=…]
//
// Contenders take turns, each for one round, and medians are told, since the
// absolute cost of a packet moves by a fifth from minute to minute and only
// ratios of neighbouring rounds keep. A round counts as quiet when the rest of
// the machine used little CPU in it; noisy ones are run again, a few times.
//
// CPU is utime+stime of a process, which the kernel scales from exact run time;
// the machine-wide counters of /proc/stat are sampled and miss work that keeps
// step with the clock tick.
//
// Load comes from a process of its own, as does our relay: the same binary,
// called with a hidden first argument and spoken to through its standard input
// and output (JSON-RPC). It ends with that pipe, so nothing is left behind.
package main
