import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsInt, IsString, Matches, Max, Min, ValidateNested } from 'class-validator';

export class CardDto {
  @Matches(/^\d{4}( ?\d{4}){3}$/)
  number!: string;

  @IsString()
  holder!: string;
}

export class ItemDto {
  @IsString()
  sku!: string;

  @IsInt()
  @Min(1)
  @Max(99)
  quantity!: number;
}

export class CheckoutDto {
  @ValidateNested({ each: true })
  @Type(() => ItemDto)
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  items!: ItemDto[];

  @ValidateNested()
  @Type(() => CardDto)
  card!: CardDto;
}
