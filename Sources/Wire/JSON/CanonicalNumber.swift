/// A number's text with one form for each value, by decimal arithmetic on the digits: no number is rounded, so two that
/// differ in the thirtieth place stay two.
///
/// The form is the digits without zeros at either end, `e`, and the power of ten they are multiplied with: `15e-1`, `1e3`.
struct CanonicalNumber {
    private let text: UnsafeRawBufferPointer
    /// Of a valid JSON number.
    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// More digits in an exponent than any real number has; such a number stays as it was written.
    private static let exponentDigits = 9

    func write(into buffer: inout CanonicalBuffer) {
        let isNegative = text.first == UInt8(ascii: "-")
        let mantissaEnd = text.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? text.count
        let mantissa = (isNegative ? 1 : 0)..<mantissaEnd
        let point = text[mantissa].firstIndex(of: UInt8(ascii: ".")) ?? mantissaEnd
        let isSignificant = { (byte: UInt8) in byte > UInt8(ascii: "0") }
        guard let first = text[mantissa].firstIndex(where: isSignificant),
            let last = text[mantissa].lastIndex(where: isSignificant)
        else {
            buffer.append(UInt8(ascii: "0"))
            return
        }
        guard let exponent = exponent(from: mantissaEnd) else {
            buffer.append(text)
            return
        }
        if isNegative { buffer.append(UInt8(ascii: "-")) }
        if first < point, point < last {
            buffer.append(UnsafeRawBufferPointer(rebasing: text[first..<point]))
            buffer.append(UnsafeRawBufferPointer(rebasing: text[point + 1...last]))
        } else {
            buffer.append(UnsafeRawBufferPointer(rebasing: text[first...last]))
        }
        // Places from the last digit that counts to the units: zeros behind it, or decimals up to it.
        let places = last < point ? point - 1 - last : point - last
        buffer.append(UInt8(ascii: "e"))
        write(exponent + places, into: &buffer)
    }

    /// What stands behind the `e`, 0 where there is none; nil where it is too long to reckon with.
    private func exponent(from mantissaEnd: Int) -> Int? {
        var digits = text.dropFirst(mantissaEnd + 1)
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        digits = digits.drop { $0 == UInt8(ascii: "0") }
        guard digits.count <= Self.exponentDigits else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return isNegative ? -value : value
    }

    private func write(_ exponent: Int, into buffer: inout CanonicalBuffer) {
        if (0...9).contains(exponent) {
            buffer.append(UInt8(ascii: "0") + UInt8(exponent))
        } else {
            var digits = String(exponent)
            digits.withUTF8 { buffer.append(UnsafeRawBufferPointer($0)) }
        }
    }
}
