package sip

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/net/bpf"
)

const (
	// networkHeader is where the kernel's filter finds the IP header of a
	// datagram, whose own view begins with the UDP header (SKF_NET_OFF).
	networkHeader = 0xfff00000
	// maxProgram is what the kernel takes (BPF_MAXINSNS).
	maxProgram = 4096

	wholeDatagram = 0xffffffff
)

// kernelProgram lets datagrams of these addresses in and drops all others;
// nil: there are too many addresses. header is where the IP header begins.
func kernelProgram(allowed []netip.Prefix, v6 bool, header uint32) []bpf.Instruction {
	var out []bpf.Instruction
	for _, p := range slices.Compact(slices.SortedFunc(slices.Values(allowed), netip.Prefix.Compare)) {
		if p.Addr().Is6() != v6 {
			continue
		}
		out = append(out, kernelRule(p, header)...)
	}
	if len(out) >= maxProgram {
		return nil
	}
	return append(out, bpf.RetConstant{Val: 0})
}

// kernelRule lets one network in, or goes on behind itself.
func kernelRule(p netip.Prefix, header uint32) []bpf.Instruction {
	at := header + 12 // RFC 791 §3.1
	if p.Addr().Is6() {
		at = header + 8 // RFC 8200 §3
	}
	address, left := p.Masked().Addr().AsSlice(), p.Bits()
	var out []bpf.Instruction
	for ; left > 0; left -= 32 {
		out = append(out, bpf.LoadAbsolute{Off: at, Size: 4})
		if left < 32 {
			out = append(out, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: ^uint32(0) << (32 - left)})
		}
		out = append(out, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: binary.BigEndian.Uint32(address)})
		address, at = address[4:], at+4
	}
	out = append(out, bpf.RetConstant{Val: wholeDatagram})
	for i, in := range out {
		if jump, ok := in.(bpf.JumpIf); ok {
			jump.SkipTrue = uint8(len(out) - 1 - i)
			out[i] = jump
		}
	}
	return out
}
