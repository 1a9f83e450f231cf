/// When two answers say the same: each is brought into a form, and equal forms agree.
package struct Agreement: Sendable, Equatable {
    /// As callers write it.
    package let name: String
    /// nil for an answer that has no such form, which agrees with no other.
    private let form: @Sendable (String) -> String?

    package init(name: String, form: @escaping @Sendable (String) -> String?) {
        self.name = name
        self.form = form
    }

    package func form(of answer: String) -> String? { form(answer) }

    /// Tests with the same name are the same.
    package static func == (left: Agreement, right: Agreement) -> Bool { left.name == right.name }

    /// Byte for byte, but for white space around it.
    package static let exact = Agreement(name: "exact") { answer in
        let text = answer.trimmed
        return text.isEmpty ? nil : String(text)
    }

    /// The same words: upper and lower case, punctuation, markup and white space do not matter.
    package static let text = Agreement(name: "text") { answer in
        let words = answer.lowercased().split { !($0.isLetter || $0.isNumber || "+-%#".contains($0)) }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    /// The same last number: what is worked out ends with the result. `1,234.50` is `1234.5`.
    package static let numeric = Agreement(name: "numeric") { lastNumber(in: $0) }

    private static func lastNumber(in text: String) -> String? {
        let number = /[-−]?\d[\d,_ ]*(?:\.\d+)?|[-−]?\.\d+/
        guard let match = text.matches(of: number).last(where: { $0.output.contains(where: \.isASCIIDigit) }) else { return nil }
        let isNegative = match.output.first == "-" || match.output.first == "−"
        let digits = match.output.filter { $0.isASCIIDigit || $0 == "." }
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = parts[0].drop { $0 == "0" }
        var fraction = parts.count > 1 ? parts[1] : ""
        while fraction.last == "0" { fraction.removeLast() }
        if whole.isEmpty, fraction.isEmpty { return "0" }
        return (isNegative ? "-" : "") + (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
    }
}

extension String {
    fileprivate var trimmed: Substring {
        var text = self[...]
        while text.first?.isWhitespace ?? false { text.removeFirst() }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return text
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
