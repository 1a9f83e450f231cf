// What a cache key costs, in CPU time of this thread: the canonical form alone, and the whole key. The request is
// parsed already, since the gateway reads it anyway. Each figure is the least of many rounds: what else runs on the machine can
// only add to it.

import Core
import Glibc
import NIOCore
import Wire

/// A chat request of about `size` bytes, its text made of `phrase`.
func request(_ phrase: String, size: Int) -> ByteBuffer {
    let count = (size - 160) / phrase.utf8.count
    return ByteBuffer(
        string: #"{"model":"bench","messages":[{"role":"system","content":"You are a helpful assistant."},"#
            + #"{"role":"user","content":""# + String(repeating: phrase, count: count) + #""}],"temperature":0.2,"max_tokens":256}"#)
}

func threadMicroseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
}

/// Microseconds that `work` takes: the least mean of 60 rounds of about two milliseconds.
func cost(_ work: () -> Int) -> Double {
    var (least, sink) = (Double.infinity, 0)
    for _ in 0..<60 {
        var count = 0
        let start = threadMicroseconds()
        var elapsed = 0.0
        repeat {
            for _ in 0..<8 { sink &+= work() }
            count += 8
            elapsed = threadMicroseconds() - start
        } while elapsed < 2000
        least = min(least, elapsed / Double(count))
    }
    precondition(sink != 0)
    return least
}

func rounded(_ value: Double) -> String { String((value * 10).rounded() / 10) }

let english = "The quick brown fox jumps over the lazy dog, and runs away into the woods. "
let samples: [(name: String, request: ByteBuffer)] = [
    ("1.5 KB, English", request(english, size: 1500)),
    ("1.5 KB, English with escapes", request(english + #"\n\"Yes\", he said. "#, size: 1500)),
    ("32 KB, English", request(english, size: 32 << 10)),
    ("32 KB, English with escapes", request(english + #"\n\"Yes\", he said. "#, size: 32 << 10)),
    ("32 KB, source code", request(#"    if (line == \"\\n\") {\n        return read(next);\n    }\n"#, size: 32 << 10)),
    ("32 KB, German", request("Größe und Fülle führen über Köln nach Österreich, wo es schön ist. ", size: 32 << 10)),
    ("32 KB, Russian", request("Быстрая лиса прыгает через ленивую собаку. ", size: 32 << 10)),
    ("32 KB, Chinese", request("敏捷的棕色狐狸跳过了懒狗,跑进树林里去了。", size: 32 << 10)),
    ("32 KB, Hindi", request("तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है। ", size: 32 << 10)),
    ("32 KB, German, decomposed", request("Gro\u{308}ße und Fu\u{308}lle fu\u{308}hren u\u{308}ber Ko\u{308}ln. ", size: 32 << 10)),
    ("32 KB, nothing but e and accent", request("e\u{301}", size: 32 << 10)),
    ("32 KB, nothing but accents", request("\u{301}\u{323}", size: 32 << 10)),
]

guard let master = MasterSecret([UInt8](repeating: 7, count: 32)) else { fatalError("32 bytes are enough") }
let secret = TenantSecret(tenant: "bench", salt: [UInt8](repeating: 3, count: 32), master: master)
let scope = CacheScope(tenant: "bench")
let subject = CacheSubject(route: "chat", target: "bench", targetVersion: "0123456789abcdef")

func column(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }

print(column("form", 42) + column("key", 8) + "   us of CPU")
for (name, bytes) in samples {
    let request = try ChatRequest(bytes)
    let form = cost { request.withCanonicalBytes { $0.count } }
    let key = cost {
        request.withCanonicalBytes { CacheKey(scope: scope, subject: subject, canonical: $0, secret: secret).text.utf8.count }
    }
    print(name + column(rounded(form), 42 - name.count) + column(rounded(key), 8))
}
