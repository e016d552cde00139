import Basics
import Compute
import Tensors

/// Rows (or columns, where there are fewer) that are orthogonal and of length `gain` (Saxe, McClelland and Ganguli
/// 2014): the weight as a matrix of outputs by all the rest, as in PyTorch's `orthogonal_`.
public struct Orthogonal: Initialiser {
  public static let declaration = Declaration(
    name: "orthogonal", summary: "orthogonal rows or columns (Saxe et al. 2014)",
    keys: [Key("gain", .number, default: "1", "their length; 1.414 in front of rectifiers")])
  public let gain: Double

  public init(gain: Double = 1) { self.gain = gain }
  public init(_ arguments: Arguments) throws(PlanError) {
    gain = try arguments.number("gain", or: 1, .positive)
  }
  public var keys: [(String, ConfigValue)] { changed(("gain", gain, 1)) }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    guard parameter.count > 0 else { return }
    let rows = parameter.shape.extents.first ?? 1
    let columns = parameter.count / rows
    // Vectors of the longer side, as many as the shorter side has.
    let (count, length) = (min(rows, columns), max(rows, columns))
    let vectors = Self.orthonormal(count, length, &stream)
    for index in 0..<parameter.count {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      let number = rows <= columns ? vectors[row * length + column] : vectors[column * length + row]
      parameter[index] = Float(gain * number)
    }
  }

  /// Normal vectors made orthogonal one after the other, each twice, which leaves only rounding (Giraud, Langou
  /// and Rozloznik 2005): Q of a QR decomposition whose R has a positive diagonal.
  private static func orthonormal(_ count: Int, _ length: Int, _ stream: inout RandomStream) -> [Double] {
    var all = [Double](repeating: 0, count: count * length)
    for index in all.indices { all[index] = stream.nextNormal() }
    all.withUnsafeMutableBufferPointer { all in
      for one in 0..<count {
        let own = unsafe UnsafeMutableBufferPointer(rebasing: all[one * length..<(one + 1) * length])
        for _ in 0..<2 {
          for other in 0..<one {
            let known = unsafe UnsafeMutableBufferPointer(
              rebasing: all[other * length..<(other + 1) * length])
            var product = 0.0
            for i in 0..<length { unsafe product += own[i] * known[i] }
            for i in 0..<length { unsafe own[i] -= product * known[i] }
          }
        }
        var square = 0.0
        for i in 0..<length { unsafe square += own[i] * own[i] }
        let size = square.squareRoot()
        for i in 0..<length { unsafe own[i] = size > 0 ? own[i] / size : 0 }
      }
    }
    return all
  }
}
