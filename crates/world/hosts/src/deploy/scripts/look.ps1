Look
