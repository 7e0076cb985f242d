import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { CatalogueService } from './catalogue.service.js';
import type { Article } from './catalogue.service.js';

/** Open to everybody. Without a decorator its events are called `http.GET./catalogue/:sku`. */
@Controller('catalogue')
export class CatalogueController {
  constructor(private readonly catalogue: CatalogueService) {}

  @Get()
  all(): readonly Article[] {
    return this.catalogue.all();
  }

  @Get(':sku')
  one(@Param('sku') sku: string): Article {
    const article = this.catalogue.find(sku);
    if (!article) throw new NotFoundException(`No article ${sku}`);
    return article;
  }
}
