/// What providers say in their errors, made fit to be shown.
package enum ProviderWords {
    /// The text with everything masked that looks like a key: a long run of letters and digits, or what follows one of the
    /// usual beginnings. Words, model names, numbers and dates stay.
    package static func masked(_ text: String) -> String {
        guard text.utf8.count >= shortestKey else { return text }
        var result = ""
        var run = ""
        func close() {
            result += looksLikeKey(run) ? "…" : run
            run = ""
        }
        for scalar in text.unicodeScalars {
            if isKeyCharacter(scalar) {
                run.unicodeScalars.append(scalar)
            } else {
                close()
                result.unicodeScalars.append(scalar)
            }
        }
        close()
        return result
    }

    private static let shortestKey = 8
    private static let beginnings = ["sk-", "pk-", "rk-", "gsk_", "xai-", "key-", "AIza", "hf_", "r8_", "nvapi-"]

    private static func isKeyCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_", "*": true
        default: false
        }
    }

    private static func looksLikeKey(_ run: String) -> Bool {
        if run.utf8.count >= shortestKey, beginnings.contains(where: run.hasPrefix) { return true }
        // Between hyphens and underscores: words are short, or have no digits.
        return run.split { $0 == "-" || $0 == "_" }.contains { part in
            part.utf8.count >= 20 && part.contains(where: \.isNumber) && part.contains(where: \.isLetter)
        }
    }
}
