// Package web is the text channel of web pages and apps: citizens' HTTP and
// WebSocket surface under /chat/v1 (subprotocol hotline.chat.v1), the
// conversations that sessions order, and the plain page at /chat/. What was
// accepted lies in a Store; nothing else is remembered here, so that a node may
// die and another goes on. docs/chat-protocol.md is the protocol.
package web
