import Basics
import Networks
import Tensors
import Testing

/// Every network has exactly the published number of parameters. Nothing is allocated: the graph knows the shapes.
@Suite struct PublishedTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let model: any Model.Type
    let published: Published
    var testDescription: String { "\(model.declaration.name) \(published.keys) \(published.parameters)" }
  }
  static let cases = allModels.flatMap { model in model.published.map { Case(model: model, published: $0) } }

  @Test(arguments: cases) func parameters(_ item: Case) throws {
    let published = item.published
    let configuration = ConfigValue.mapping([
      (item.model.declaration.name, .mapping(published.keys))
    ])
    let network = try NetworkSpec(configuration).network(
      input: try Shape([1] + published.input), .inference)
    #expect(network.parameterCount == published.parameters)
  }

  @Test func unetOfThePaper() throws {
    let network = try NetworkSpec(UNet(outputs: 2, valid: true)).network(
      input: try Shape([1, 1, 572, 572]), .training)
    #expect(network.outputShape.extents == [1, 2, 388, 388])
    #expect(network.parameterCount == 31_030_658)
  }
}
