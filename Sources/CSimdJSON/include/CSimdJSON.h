#ifndef QUINTET_CSIMDJSON_H
#define QUINTET_CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a node is.
enum qj_kind {
    qj_object = 0,
    qj_array = 1,
    qj_string = 2,
    qj_number = 3,
    qj_true = 4,
    qj_false = 5,
    qj_null = 6,
};

/// Set when the string (or the key) contains a backslash and must be unescaped before use.
enum { qj_value_escaped = 1, qj_key_escaped = 2 };

/// One value of a document, in document order. All offsets count bytes from the document's start.
typedef struct qj_node {
    uint32_t start;      ///< the value's first byte: '{', '[', '"', a digit, …
    uint32_t end;        ///< one past its last byte
    uint32_t key_start;  ///< an object's member: the key's first byte, inside the quotes
    uint32_t key_end;    ///< one past the key's last byte; equal to key_start = 0 for an array's element
    uint32_t next;       ///< index of the first node behind this value and all that it contains
    uint8_t kind;
    uint8_t flags;
} qj_node;

/// How reading a document ended.
enum qj_status {
    qj_ok = 0,
    qj_not_utf8 = 1,
    qj_syntax = 2,
    qj_too_deep = 3,
    qj_too_many_nodes = 4,
    qj_out_of_memory = 5,
};

/// Reads a whole document and lists its values.
///
/// `nodes` points at memory of the calling thread that holds until that thread's next call.
/// On a failure `error_offset` is where reading stopped, as nearly as is known.
enum qj_status qj_read(const uint8_t *bytes, size_t length, size_t max_depth, size_t max_nodes,
                       const qj_node **nodes, size_t *node_count, size_t *error_offset);

/// Unescapes the `length` bytes between a string's quotes, which must be part of a document that was read, into `out`,
/// which has room for as many. Half of a surrogate pair becomes U+FFFD. Returns the unescaped length.
size_t qj_unescape(const uint8_t *text, size_t length, uint8_t *out);

/// The same, but half of a surrogate pair becomes the three bytes that UTF-8 would have for it if it allowed any (WTF-8), so
/// that two strings which differ come out different.
size_t qj_unescape_exactly(const uint8_t *text, size_t length, uint8_t *out);

/// Whether a text contains another: the C library's memmem, which Swift does not see.
bool qj_contains(const void *text, size_t length, const void *part, size_t part_length);

#ifdef __cplusplus
}
#endif
#endif
