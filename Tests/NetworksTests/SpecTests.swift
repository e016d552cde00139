import Basics
import Compute
import Networks
import Tensors
import Testing

@Suite struct SpecTests {
  @Test func unknownLayersAreAllNamed() {
    let value = ConfigValue.list([.text("rellu"), .text("relu"), .mapping([("konv", .integer(3))])])
    do {
      _ = try NetworkSpec(value)
      Issue.record("wrong layers were accepted")
    } catch {
      #expect(error.list.count == 2)
      #expect(error.list.first?.remedy?.contains("relu") == true)
    }
  }

  @Test func builderAndConfigurationAreTheSame() throws {
    let built = NetworkSpec {
      ReLU()
      ReLU()
    }
    let read = try NetworkSpec(ConfigValue.list([.text("relu"), .text("relu")]))
    #expect(built.configuration.json.text == read.configuration.json.text)
    let network = try read.network(input: try Shape([1, 2, 3]), .inference)
    #expect(network.outputShape.extents == [1, 2, 3])
  }
}
