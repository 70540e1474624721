;; Brings a packet that lies in two pieces together in another memory (or in the same one), and takes it back.
;; gather(to, header, header length, payload, payload length): the pieces one after the other from `to` on, then
;; zeros up to a multiple of 16; the result is the length with the zeros.
;; scatter(to, from, length): copies back.
(module
  (import "packet" "memory" (memory $packet 1 65536))
  (import "other" "memory" (memory $other 1 65536))
  (func (export "gather")
    (param $to i32) (param $header i32) (param $headerLength i32) (param $payload i32) (param $payloadLength i32)
    (result i32)
    (local $length i32)
    (local $padded i32)
    (memory.copy $other $packet (local.get $to) (local.get $header) (local.get $headerLength))
    (memory.copy $other $packet
      (i32.add (local.get $to) (local.get $headerLength)) (local.get $payload) (local.get $payloadLength))
    (local.set $length (i32.add (local.get $headerLength) (local.get $payloadLength)))
    (local.set $padded (i32.and (i32.add (local.get $length) (i32.const 15)) (i32.const -16)))
    (memory.fill $other
      (i32.add (local.get $to) (local.get $length)) (i32.const 0) (i32.sub (local.get $padded) (local.get $length)))
    (local.get $padded))
  (func (export "scatter") (param $to i32) (param $from i32) (param $length i32)
    (memory.copy $packet $other (local.get $to) (local.get $from) (local.get $length))))
