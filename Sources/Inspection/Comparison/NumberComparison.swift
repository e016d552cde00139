import Basics
import GridFiles

/// Compares the numbers of two variables of one shape, packing undone, in double, part by part.
struct NumberComparison {
  private let a: Variable
  private let b: Variable
  private let options: ComparisonOptions
  /// Numbers of a part: 8 bytes each, of both files.
  private static let window = 1 << 18

  init(_ a: Variable, _ b: Variable, _ options: ComparisonOptions) {
    (self.a, self.b, self.options) = (a, b, options)
  }

  func run(_ first: SourceFile, _ second: SourceFile) async throws(FileError) -> ValueComparison {
    var result = ValueComparison()
    var squares = 0.0
    let (decodeA, decodeB) = (NumberDecoder(a), NumberDecoder(b))
    for slab in SlabWalk(a, limit: Self.window) {
      if isWide {
        try await compareWide(first, second, slab, &result, &squares)
        continue
      }
      let left = try await first.readDoubles(a, slab)
      let right = try await second.readDoubles(b, slab)
      guard left.count == right.count else {
        throw FileError(
          .changed, path: second.header.path, subject: b.path, "fewer values than its shape says")
      }
      result.count += left.count
      for index in left.indices {
        let x = decodeA(left[index])
        let y = decodeB(right[index])
        if x.isNaN || y.isNaN {
          if x.isNaN == y.isNaN { continue }
          if x.isNaN { result.missingInFirst += 1 } else { result.missingInSecond += 1 }
          result.differing += 1
          if result.worst == nil { result.worst = place(slab, index, x, y) }
          continue
        }
        result.compared += 1
        if x == y { continue }
        let difference = abs(x - y)
        let scale = max(abs(x), abs(y))
        squares += difference * difference
        if difference > options.absolute + options.relative * scale || !difference.isFinite {
          result.differing += 1
        }
        if difference > result.maximumAbsolute ?? 0 {
          result.maximumAbsolute = difference
          result.worst = place(slab, index, x, y)
        }
        result.maximumRelative = max(
          result.maximumRelative ?? 0, scale.isFinite ? difference / scale : .infinity)
      }
    }
    result.rootMeanSquare = result.compared > 0 ? (squares / Double(result.compared)).squareRoot() : 0
    return result
  }

  /// Integers that Double would round, and that mean themselves.
  private var isWide: Bool {
    guard a.type == b.type, a.type == .int64 || a.type == .uint64 else { return false }
    let names = [
      "scale_factor", "add_offset", "_FillValue", "missing_value", "valid_range", "valid_min", "valid_max",
    ]
    return names.allSatisfy { a.attributes[$0] == nil && b.attributes[$0] == nil }
  }

  private func compareWide(
    _ first: SourceFile, _ second: SourceFile, _ slab: Hyperslab, _ result: inout ValueComparison,
    _ squares: inout Double
  ) async throws(FileError) {
    let left = try await first.readBytes(a, slab)
    let right = try await second.readBytes(b, slab)
    guard left.count == right.count, left.count == slab.elementCount * 8 else {
      throw FileError(.changed, path: second.header.path, subject: b.path, "fewer values than its shape says")
    }
    func number(_ bytes: [UInt8], _ index: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(bytes[8 * index + $1]) << UInt64(8 * $1) }
    }
    result.count += slab.elementCount
    result.compared += slab.elementCount
    guard left != right else { return }
    let isSigned = a.type == .int64
    for index in 0..<slab.elementCount {
      let (x, y) = (number(left, index), number(right, index))
      if x == y { continue }
      let (p, q) = (Int64(bitPattern: x), Int64(bitPattern: y))
      // The distance of two 64-bit integers fits 64 unsigned bits.
      let distance = isSigned ? (p > q ? x &- y : y &- x) : (x > y ? x - y : y - x)
      let difference = Double(distance)
      let scale = isSigned ? Double(max(p.magnitude, q.magnitude)) : Double(max(x, y))
      squares += difference * difference
      if difference > options.absolute + options.relative * scale { result.differing += 1 }
      if difference > result.maximumAbsolute ?? 0 {
        result.maximumAbsolute = difference
        let inside = Comparer.unravel(index, slab.count)
        result.worst = .init(
          index: zip(slab.start, inside).map { $0 + $1 }, first: isSigned ? "\(p)" : "\(x)",
          second: isSigned ? "\(q)" : "\(y)")
      }
      result.maximumRelative = max(result.maximumRelative ?? 0, difference / scale)
    }
  }

  private func place(_ slab: Hyperslab, _ index: Int, _ x: Double, _ y: Double) -> ValueComparison.Worst {
    let inside = Comparer.unravel(index, slab.count)
    func text(_ value: Double, _ variable: Variable) -> String {
      if value.isNaN { return "missing" }
      return variable.type == .float32 && variable.attributes["scale_factor"] == nil
        ? "\(Float(value))" : "\(value)"
    }
    return .init(
      index: zip(slab.start, inside).map { $0 + $1 }, first: text(x, a), second: text(y, b))
  }
}

/// CF packing and missing data in double: what is missing becomes NaN (CF 2.5.1, 8.1).
struct NumberDecoder {
  private let missing: [Double]
  private let low: Double
  private let high: Double
  private let scale: Double
  private let offset: Double
  /// What is added to negative numbers that are meant to be unsigned; 0 otherwise.
  private let wrap: Double

  init(_ variable: Variable) {
    let attributes = variable.attributes
    let isUnsigned = attributes["_Unsigned"]?.text == "true"
    var wrap = 0.0
    switch variable.type {
    case .int8 where isUnsigned: wrap = 256
    case .int16 where isUnsigned: wrap = 65536
    case .int32 where isUnsigned: wrap = 4_294_967_296
    default: break
    }
    self.wrap = wrap
    func unsigned(_ value: Double) -> Double { value < 0 ? value + wrap : value }
    missing = ((attributes["_FillValue"]?.numbers ?? []) + (attributes["missing_value"]?.numbers ?? [])).map(
      unsigned)
    let range = (attributes["valid_range"]?.numbers ?? []).map(unsigned)
    low = range.count == 2 ? range[0] : attributes["valid_min"]?.number.map(unsigned) ?? -.infinity
    high = range.count == 2 ? range[1] : attributes["valid_max"]?.number.map(unsigned) ?? .infinity
    scale = attributes["scale_factor"]?.number ?? 1
    offset = attributes["add_offset"]?.number ?? 0
  }

  func callAsFunction(_ stored: Double) -> Double {
    let value = stored < 0 ? stored + wrap : stored
    if value < low || value > high || missing.contains(value) { return .nan }
    return scale * value + offset
  }
}
