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
