import CZstd

/// zstd's one-call functions over arrays.
enum Zstandard {
    /// zstd's own default: half of an answer's bytes for a few microseconds a kilobyte.
    private static let level: Int32 = 3

    /// A frame that says its own size; nil where it would not be smaller.
    static func compress(_ plain: [UInt8]) -> [UInt8]? {
        var size = 0
        let frame = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(plain.count)) { target, written in
            size = plain.withUnsafeBytes {
                ZSTD_compress(target.baseAddress, target.count, $0.baseAddress, $0.count, level)
            }
            written = ZSTD_isError(size) == 0 ? size : 0
        }
        return frame.isEmpty || frame.count >= plain.count ? nil : frame
    }

    /// nil for what is not exactly one frame, and for a frame that says it holds more than `limit` bytes: no memory is
    /// taken for it.
    static func decompress(_ frame: [UInt8], limit: Int) -> [UInt8]? {
        let claimed = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        guard claimed != qz_size_unknown, claimed != qz_size_error, let size = Int(exactly: claimed), size <= limit else {
            return nil
        }
        var isWhole = false
        let plain = [UInt8](unsafeUninitializedCapacity: size) { target, written in
            let result = frame.withUnsafeBytes {
                ZSTD_decompress(target.baseAddress, target.count, $0.baseAddress, $0.count)
            }
            isWhole = ZSTD_isError(result) == 0 && result == size
            written = isWhole ? size : 0
        }
        return isWhole ? plain : nil
    }
}
