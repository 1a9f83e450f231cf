/// How long an answer a text asks for: "in 2,000 words", "a 3-page report", "800字".
enum RequestedLength {
    /// Units by the letters they begin with, and their tokens.
    private static let units: [(name: StaticString, tokens: Double)] = [
        ("word", 1.33), ("page", 650), ("paragraph", 130), ("sentence", 25), ("chapter", 2500), ("wort", 1.5), ("wört", 1.5), ("seite", 650),
        ("mot", 1.5), ("palabra", 1.5), ("página", 650), ("字", 1),
    ]
    private static let mostNumber = 1_000_000.0

    /// The longest that the text names, in tokens; nil where it names none.
    static func tokens(in text: String) -> Int? {
        var most: Double?
        TextSample.read(text) { bytes, _ in
            var position = 0
            while position < bytes.count {
                guard isDigit(bytes[position]) else {
                    position += 1
                    continue
                }
                let number = readNumber(bytes, &position)
                if let tokens = unit(bytes, at: position) { most = max(most ?? 0, min(number, mostNumber) * tokens) }
            }
        }
        return most.map { Int($0.rounded()) }
    }

    /// A run of digits, with points and commas between groups of three.
    private static func readNumber(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Double {
        var number = 0.0
        while position < bytes.count {
            if isDigit(bytes[position]) {
                number = min(number * 10 + Double(bytes[position] - UInt8(ascii: "0")), mostNumber)
            } else {
                let isGrouped = ",.".utf8.contains(bytes[position]) && position + 3 < bytes.count
                    && (1...3).allSatisfy { isDigit(bytes[position + $0]) }
                guard isGrouped else { break }
            }
            position += 1
        }
        return number
    }

    /// The unit behind a number: at once, or after a space or hyphen.
    private static func unit(_ bytes: UnsafeBufferPointer<UInt8>, at place: Int) -> Double? {
        let gap = place < bytes.count && " -".utf8.contains(bytes[place]) ? 1 : 0
        return units.first { begins(bytes, with: $0.name, at: place + gap) }?.tokens
    }

    private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, with name: StaticString, at start: Int) -> Bool {
        guard start + name.utf8CodeUnitCount <= bytes.count else { return false }
        return (0..<name.utf8CodeUnitCount).allSatisfy { offset in
            let byte = bytes[start + offset]
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            return (isCapital ? byte | 0x20 : byte) == name.utf8Start[offset]
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
