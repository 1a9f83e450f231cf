#include "CSimdJSON.h"

#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include <simdjson.h>

// simdjson's first stage finds every structural byte and checks UTF-8 and strings at gigabytes a second. Its second
// stages (DOM, On-Demand) give values but not where containers end, which splicing a request needs; so the grammar is
// walked here, over the first stage's index.

namespace {

using simdjson::internal::dom_parser_implementation;

// A parser for documents of this size or less is kept by each thread; a larger one lives for one call, so that a
// single huge body does not hold its index memory for good.
constexpr size_t kept_capacity = 1 << 20;
constexpr size_t kept_nodes = 1 << 15;

struct Reader {
    std::unique_ptr<dom_parser_implementation> parser;
    std::vector<qj_node> nodes;
    std::vector<uint32_t> open;
};

thread_local Reader reader;

bool is_space(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

// What each byte is worth as a hexadecimal digit; -1 where it is none.
constexpr auto hex_digits = [] {
    std::array<int8_t, 256> worth{};
    for (auto &digit : worth) digit = -1;
    for (int i = 0; i < 10; i++) worth['0' + i] = int8_t(i);
    for (int i = 0; i < 6; i++) worth['a' + i] = worth['A' + i] = int8_t(10 + i);
    return worth;
}();

// The value of four hexadecimal digits; -1 where they are none.
int32_t hex4(const uint8_t *p, const uint8_t *end) {
    if (end - p < 4) return -1;
    int32_t a = hex_digits[p[0]], b = hex_digits[p[1]], c = hex_digits[p[2]], d = hex_digits[p[3]];
    return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
}

// What a backslash and this byte stand for, all but `u`; 0 where they mean nothing.
constexpr auto short_escapes = [] {
    std::array<uint8_t, 256> meaning{};
    for (uint8_t c : {'"', '\\', '/'}) meaning[c] = c;
    meaning['b'] = '\b';
    meaning['f'] = '\f';
    meaning['n'] = '\n';
    meaning['r'] = '\r';
    meaning['t'] = '\t';
    return meaning;
}();

constexpr uint64_t ones = ~uint64_t(0) / 255;

// A bit in the place of the first backslash among eight bytes, and nothing below it; 0 where there is none.
uint64_t backslash_bits(uint64_t bytes) {
    bytes ^= ones * '\\';
    return (bytes - ones) & ~bytes & (ones * 0x80);
}

// The first backslash, or nullptr. Escapes mostly stand close together, where calling memchr costs more than it saves.
const uint8_t *find_backslash(const uint8_t *p, const uint8_t *end) {
    if (p < end && *p == '\\') return p;
    for (int word = 0; word < 4 && end - p >= 8; word++, p += 8) {
        uint64_t bytes;
        std::memcpy(&bytes, p, 8);
        if (uint64_t found = backslash_bits(bytes)) return p + __builtin_ctzll(found) / 8;
    }
    return static_cast<const uint8_t *>(std::memchr(p, '\\', size_t(end - p)));
}

// RFC 8259 §7: whether the escapes from the first one, `p`, on are known ones. Half of a surrogate pair is.
bool escapes_hold(const uint8_t *p, const uint8_t *end) {
    for (; p; p = find_backslash(p, end)) {
        p++;
        if (p == end) return false;
        if (*p == 'u') {
            if (hex4(p + 1, end) < 0) return false;
            p += 5;
        } else {
            if (!short_escapes[*p]) return false;
            p++;
        }
    }
    return true;
}

uint8_t *put_utf8(uint32_t c, uint8_t *out) {
    auto tail = [&](int shift) { return uint8_t(0x80 | (c >> shift & 0x3F)); };
    if (c < 0x80) {
        *out++ = uint8_t(c);
    } else if (c < 0x800) {
        *out++ = uint8_t(0xC0 | c >> 6);
        *out++ = tail(0);
    } else if (c < 0x10000) {
        *out++ = uint8_t(0xE0 | c >> 12);
        *out++ = tail(6);
        *out++ = tail(0);
    } else {
        *out++ = uint8_t(0xF0 | c >> 18);
        *out++ = tail(12);
        *out++ = tail(6);
        *out++ = tail(0);
    }
    return out;
}

// RFC 8259 §6. Returns one past the number, or nullptr.
const uint8_t *number_end(const uint8_t *p, const uint8_t *end) {
    auto digits = [&] {
        const uint8_t *first = p;
        while (p < end && is_digit(*p)) p++;
        return p > first;
    };
    if (p < end && *p == '-') p++;
    if (p < end && *p == '0') {
        p++;
    } else if (!digits()) {
        return nullptr;
    }
    if (p < end && *p == '.') {
        p++;
        if (!digits()) return nullptr;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        if (!digits()) return nullptr;
    }
    return p;
}

// The walk over the structural bytes of one document.
struct Walk {
    const uint8_t *bytes;
    size_t length;
    const uint32_t *index;
    size_t count;
    size_t at = 0;
    size_t max_depth;
    size_t max_nodes;
    std::vector<qj_node> &nodes;
    std::vector<uint32_t> &open;

    uint8_t peek() const { return at < count ? bytes[index[at]] : 0; }
    uint32_t offset() const { return at < count ? index[at] : uint32_t(length); }

    // One past the closing quote of the string at the current structural byte, and past that byte.
    bool string(uint32_t &start, uint32_t &end, bool &escaped) {
        if (peek() != '"') return false;
        start = index[at] + 1;
        uint32_t limit = at + 1 < count ? index[at + 1] : uint32_t(length);
        while (limit > start && bytes[limit - 1] != '"') {
            if (!is_space(bytes[limit - 1])) return false;
            limit--;
        }
        if (limit <= start) return false;
        end = limit - 1;
        const uint8_t *escape = find_backslash(bytes + start, bytes + end);
        escaped = escape != nullptr;
        at++;
        return escapes_hold(escape, bytes + end);
    }

    bool literal(qj_node &node, const char *word, uint8_t kind) {
        size_t n = std::strlen(word);
        if (node.start + n > length || std::memcmp(bytes + node.start, word, n) != 0) return false;
        node.end = node.start + uint32_t(n);
        node.kind = kind;
        return token_ends(node.end);
    }

    // Nothing but space may stand between a scalar's end and the next structural byte.
    bool token_ends(uint32_t p) {
        at++;
        uint32_t limit = offset();
        for (; p < limit; p++) {
            if (!is_space(bytes[p])) return false;
        }
        return true;
    }

    bool scalar(qj_node &node) {
        node.start = index[at];
        switch (bytes[node.start]) {
        case '"': {
            uint32_t start = 0, end = 0;
            bool escaped = false;
            if (!string(start, end, escaped)) return false;
            node.end = end + 1;
            node.kind = qj_string;
            if (escaped) node.flags |= qj_value_escaped;
            return true;
        }
        case 't': return literal(node, "true", qj_true);
        case 'f': return literal(node, "false", qj_false);
        case 'n': return literal(node, "null", qj_null);
        default: {
            const uint8_t *end = number_end(bytes + node.start, bytes + length);
            if (!end) return false;
            node.end = uint32_t(end - bytes);
            node.kind = qj_number;
            return token_ends(node.end);
        }
        }
    }

    bool key(qj_node &node) {
        bool escaped = false;
        if (!string(node.key_start, node.key_end, escaped)) return false;
        if (escaped) node.flags |= qj_key_escaped;
        if (peek() != ':') return false;
        at++;
        return true;
    }

    void close_container() {
        qj_node &node = nodes[open.back()];
        node.end = index[at] + 1;
        node.next = uint32_t(nodes.size());
        at++;
        open.pop_back();
    }

    // After a value: closes containers as far as they end here. False for a byte that fits neither.
    bool after_value() {
        while (!open.empty()) {
            uint8_t closing = nodes[open.back()].kind == qj_object ? '}' : ']';
            if (peek() == closing) {
                close_container();
            } else if (peek() == ',') {
                at++;
                return true;
            } else {
                return false;
            }
        }
        return at == count;
    }

    qj_status document() {
        do {
            if (at >= count) return qj_syntax;
            if (nodes.size() >= max_nodes) return qj_too_many_nodes;
            qj_node node{};
            if (!open.empty() && nodes[open.back()].kind == qj_object && !key(node)) return qj_syntax;
            uint8_t first = peek();
            if (first == '{' || first == '[') {
                if (open.size() >= max_depth) return qj_too_deep;
                node.kind = first == '{' ? qj_object : qj_array;
                node.start = index[at];
                open.push_back(uint32_t(nodes.size()));
                nodes.push_back(node);
                at++;
                if (peek() != (first == '{' ? '}' : ']')) continue;
                close_container();
            } else {
                if (first == 0 || !scalar(node)) return qj_syntax;
                node.next = uint32_t(nodes.size()) + 1;
                nodes.push_back(node);
            }
            if (!after_value()) return qj_syntax;
        } while (!open.empty());
        return qj_ok;
    }
};

// What half of a surrogate pair becomes: U+FFFD, or three bytes that no valid UTF-8 holds, so that it stays what it was.
enum class Halves { replaced, kept };

// Copies up to the next backslash, or the end, and moves both pointers there. Eight bytes are written at a time: unescaping
// never lengthens, so there is room for them as long as there are as many to read.
bool copy_to_backslash(const uint8_t *&text, const uint8_t *end, uint8_t *&to) {
    for (; end - text >= 8; text += 8, to += 8) {
        uint64_t bytes;
        std::memcpy(&bytes, text, 8);
        std::memcpy(to, &bytes, 8);
        if (uint64_t found = backslash_bits(bytes)) {
            text += __builtin_ctzll(found) / 8;
            to += __builtin_ctzll(found) / 8;
            return true;
        }
    }
    for (; text < end; *to++ = *text++) {
        if (*text == '\\') return true;
    }
    return false;
}

size_t unescape(const uint8_t *text, size_t length, uint8_t *out, Halves halves) {
    const uint8_t *end = text + length;
    uint8_t *to = out;
    while (copy_to_backslash(text, end, to)) {
        uint8_t kind = text[1];
        text += 2;
        if (kind != 'u') {
            *to++ = short_escapes[kind];
            continue;
        }
        uint32_t c = uint32_t(hex4(text, end));
        text += 4;
        if (c >= 0xD800 && c < 0xDC00 && end - text >= 6 && text[0] == '\\' && text[1] == 'u') {
            uint32_t low = uint32_t(hex4(text + 2, end));
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                text += 6;
            }
        }
        bool half = c >= 0xD800 && c < 0xE000;
        to = put_utf8(half && halves == Halves::replaced ? 0xFFFD : c, to);
    }
    return size_t(to - out);
}

/// How many bytes from the beginning are UTF-8 (RFC 3629). Only for texts that are known not to be.
size_t valid_utf8(const uint8_t *bytes, size_t length) {
    size_t at = 0;
    while (at < length) {
        uint8_t lead = bytes[at];
        size_t more = lead < 0x80 ? 0 : lead >= 0xC2 && lead < 0xE0 ? 1 : lead >= 0xE0 && lead < 0xF0 ? 2 : lead >= 0xF0 && lead < 0xF5 ? 3 : 4;
        if (more == 4 || at + more >= length) return at;
        // The second byte decides what is overlong, a surrogate, or too large.
        uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (more > 0 && (bytes[at + 1] < low || bytes[at + 1] > high)) return at;
        for (size_t next = 2; next <= more; next++) {
            if ((bytes[at + next] & 0xC0) != 0x80) return at;
        }
        at += more + 1;
    }
    return at;
}

}  // namespace

extern "C" enum qj_status qj_read(const uint8_t *bytes, size_t length, size_t max_depth, size_t max_nodes,
                                  const qj_node **nodes, size_t *node_count, size_t *error_offset) {
    *error_offset = 0;
    std::unique_ptr<dom_parser_implementation> single;
    auto &parser = length > kept_capacity ? single : reader.parser;
    if (!parser || parser->capacity() < length) {
        size_t capacity = length > kept_capacity ? length : kept_capacity;
        parser.reset();
        if (simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, parser) != simdjson::SUCCESS) {
            return qj_out_of_memory;
        }
    }
    if (reader.nodes.capacity() > kept_nodes) std::vector<qj_node>().swap(reader.nodes);
    reader.nodes.clear();
    reader.open.clear();
    switch (parser->stage1(bytes, length, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS: break;
    case simdjson::UTF8_ERROR: *error_offset = valid_utf8(bytes, length); return qj_not_utf8;
    case simdjson::MEMALLOC: return qj_out_of_memory;
    default: return qj_syntax;
    }
    Walk walk{bytes, length, parser->structural_indexes.get(), parser->n_structural_indexes, 0, max_depth, max_nodes,
              reader.nodes, reader.open};
    qj_status status = qj_out_of_memory;
    try {
        status = walk.document();
    } catch (const std::bad_alloc &) {
    }
    *error_offset = walk.offset();
    *nodes = reader.nodes.data();
    *node_count = reader.nodes.size();
    return status;
}

extern "C" size_t qj_unescape(const uint8_t *text, size_t length, uint8_t *out) {
    return unescape(text, length, out, Halves::replaced);
}

extern "C" size_t qj_unescape_exactly(const uint8_t *text, size_t length, uint8_t *out) {
    return unescape(text, length, out, Halves::kept);
}

extern "C" bool qj_contains(const void *text, size_t length, const void *part, size_t part_length) {
    return memmem(text, length, part, part_length) != nullptr;
}
