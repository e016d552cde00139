import Basics
import Compute
import Tensors

/// Normal with mean 0 and a given standard deviation, for networks whose papers say so. In a declaration it is
/// `normal`.
struct Deviation: Initialiser {
  static let declaration = Declaration(name: "normal", summary: "normal with a standard deviation", keys: [])
  let deviation: Double
  init(_ deviation: Double) { self.deviation = deviation }
  init(_ arguments: Arguments) throws(PlanError) { deviation = arguments.number("deviation") ?? 0.01 }
  var keys: [(String, ConfigValue)] { [("deviation", .number(deviation))] }

  func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    for index in 0..<parameter.count { parameter[index] = Float(stream.nextNormal() * deviation) }
  }
}

/// 1 or -1, each as often.
struct Signs: Initialiser {
  static let declaration = Declaration(name: "signs", summary: "1 or -1", keys: [])
  init() {}
  init(_ arguments: Arguments) throws(PlanError) {}
  var keys: [(String, ConfigValue)] { [] }

  func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    for index in 0..<parameter.count { parameter[index] = stream.nextDouble() < 0.5 ? -1 : 1 }
  }
}
