/// A table for a terminal: names to the left, numbers to the right.
struct TextTable {
    private var rows: [[String]]

    init(_ titles: [String]) { rows = [titles] }

    /// Cells that are missing at the end stay empty.
    mutating func add(_ cells: [String]) { rows.append(cells) }

    var lines: [String] {
        let count = rows[0].count
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].displayWidth : 0 }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column == 0 ? cell.padded(to: widths[0]) : String(repeating: " ", count: widths[column] - cell.displayWidth) + cell
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
