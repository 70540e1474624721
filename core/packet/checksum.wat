;; The ones' complement sum of RFC 1071 over the shared memory of the packet path, 16 bytes a step.
;; sum(offset, length): words are taken in little-endian order from `offset` on, an odd last byte counts as the low
;; half of a word. The result is folded once: at most 0x1fffe. Length is at most 65,535, so no lane overflows:
;; a lane gains at most 2 * 65,535 per step of 16 bytes.
(module
  (import "packet" "memory" (memory 1 65536))
  (func (export "sum") (param $at i32) (param $left i32) (result i32)
    (local $even v128)
    (local $odd v128)
    (local $total i32)
    (block $narrow
      (loop $wide
        (br_if $narrow (i32.lt_u (local.get $left) (i32.const 64)))
        (local.set $even (i32x4.add (local.get $even)
          (i32x4.extadd_pairwise_i16x8_u (v128.load align=1 (local.get $at)))))
        (local.set $odd (i32x4.add (local.get $odd)
          (i32x4.extadd_pairwise_i16x8_u (v128.load offset=16 align=1 (local.get $at)))))
        (local.set $even (i32x4.add (local.get $even)
          (i32x4.extadd_pairwise_i16x8_u (v128.load offset=32 align=1 (local.get $at)))))
        (local.set $odd (i32x4.add (local.get $odd)
          (i32x4.extadd_pairwise_i16x8_u (v128.load offset=48 align=1 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (local.set $left (i32.sub (local.get $left) (i32.const 64)))
        (br $wide)))
    (block $words
      (loop $vector
        (br_if $words (i32.lt_u (local.get $left) (i32.const 16)))
        (local.set $even (i32x4.add (local.get $even)
          (i32x4.extadd_pairwise_i16x8_u (v128.load align=1 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $left (i32.sub (local.get $left) (i32.const 16)))
        (br $vector)))
    (local.set $even (i32x4.add (local.get $even) (local.get $odd)))
    (local.set $total
      (i32.add
        (i32.add (i32x4.extract_lane 0 (local.get $even)) (i32x4.extract_lane 1 (local.get $even)))
        (i32.add (i32x4.extract_lane 2 (local.get $even)) (i32x4.extract_lane 3 (local.get $even)))))
    (block $last
      (loop $word
        (br_if $last (i32.lt_u (local.get $left) (i32.const 2)))
        (local.set $total (i32.add (local.get $total) (i32.load16_u align=1 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (local.set $left (i32.sub (local.get $left) (i32.const 2)))
        (br $word)))
    (if (local.get $left)
      (then (local.set $total (i32.add (local.get $total) (i32.load8_u (local.get $at))))))
    (i32.add (i32.and (local.get $total) (i32.const 0xffff)) (i32.shr_u (local.get $total) (i32.const 16)))))
