import Basics
import Compute

/// x times the normal distribution function of x, exact or by tanh (Hendrycks and Gimpel 2016).
public struct GELU: Layer {
  public static let declaration = Declaration(
    name: "gelu", summary: "x times the normal distribution function",
    keys: [Key("form", .choice(["exact", "tanh"]), default: "exact", "by the error function, or by tanh")])
  public let form: Compute.Gelu.Form

  public init(form: Compute.Gelu.Form = .exact) { self.form = form }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    form = arguments.text("form").flatMap(Compute.Gelu.Form.init(rawValue:)) ?? .exact
  }
  public var keys: [(String, ConfigValue)] { form == .exact ? [] : [("form", .text(form.rawValue))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.Gelu(form), input)
  }
}
