"""The layers of the model as functions of tensors, and the products that they are made of."""
