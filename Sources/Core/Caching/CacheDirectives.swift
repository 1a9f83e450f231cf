/// What a caller wants of the cache for one request: from the header `Cache-Control` (RFC 9111 §5.2.1) and the body's
/// `cache` object. Where both speak, the stricter one counts.
package struct CacheDirectives: Sendable, Equatable {
    /// Keep this answer nowhere, and share this call with nobody.
    package var noStore = false
    /// Give no answer that was there before; the new one may be kept.
    package var noCache = false
    /// Rather an error than a call of a provider.
    package var onlyIfCached = false
    /// The oldest answer that is good enough.
    package var maximumAge: Duration?
    /// How long the new answer may be given to others.
    package var life: Duration?
    /// Answers are shared only within one namespace; nil is the common one.
    package var namespace: String?
    /// What the answer can be invalidated by, in the caller's own words.
    package var tags: [String] = []
    /// Whether the cache is to be used at all; nil where the caller does not say.
    package var isWanted: Bool?

    package init() {}

    /// Most tags of one request, and the most bytes of each, and of a namespace.
    package static let tagLimit = 16
    package static let nameLimit = 128
    /// The longest life that a caller can ask for.
    package static let longestLife = Duration.seconds(86_400)

    /// Adds what a `Cache-Control` header says. Directives that mean nothing to a request, and ages that are no number,
    /// change nothing, as RFC 9111 §5.2 wants it.
    package mutating func read(cacheControl: String) {
        for directive in Self.directives(of: cacheControl) {
            let parts = directive.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.trimmed)
            switch parts[0].lowercased() {
            case "no-store": noStore = true
            case "no-cache": noCache = true
            case "only-if-cached": onlyIfCached = true
            case "max-age":
                guard parts.count == 2, let seconds = Self.seconds(parts[1]) else { continue }
                let age = Duration.seconds(seconds)
                maximumAge = min(maximumAge ?? age, age)
            default: continue
            }
        }
    }

    /// Whether an answer out of the cache may be given.
    package var mayRead: Bool { !noCache && maximumAge != .zero }

    /// What stands between the commas, but for those in quoted strings.
    private static func directives(of header: String) -> [Substring] {
        var (isQuoted, isEscaped) = (false, false)
        return header.split { character in
            defer { isEscaped = isQuoted && character == "\\" && !isEscaped }
            if character == "\"", !isEscaped { isQuoted.toggle() }
            return character == "," && !isQuoted
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        guard let last = text.lastIndex(where: { !isBlank($0) }) else { return "" }
        return text[...last].drop(while: isBlank)
    }

    /// A count of seconds, also in quotes; more than a century reads as one.
    private static func seconds(_ text: Substring) -> Int? {
        let isQuoted = text.count > 1 && text.hasPrefix("\"") && text.hasSuffix("\"")
        let digits = isQuoted ? text.dropFirst().dropLast() : text
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return min(Int(digits) ?? .max, 3_153_600_000)
    }
}
